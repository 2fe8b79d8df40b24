package messages

// foreign: Parquet files that others wrote. Codes LAV-4300 to LAV-4319.
var foreign = []*Message{
	ParquetNot, ParquetEncrypted, ParquetKind, ParquetTooLarge, ParquetBroken, ParquetBrokenAt, ParquetCannotBe, ParquetClock, ParquetCodec,
	ParquetNotText, FractionLost, OutsideCalendar, ParquetTooMany, ParquetFooter,
}

var (
	ParquetNot = &Message{Code: "LAV-4300", Class: Refused,
		EN: Text{"file {file} is no Parquet file that can be read: {why}", "check that the file is the right one, or export it again"},
		FR: Text{"le fichier {file} n'est pas un fichier Parquet lisible : {why}", "vérifiez que c'est le bon fichier, ou refaites l'export"}}
	ParquetEncrypted = &Message{Code: "LAV-4301", Class: Refused,
		EN: Text{"file {file} is an encrypted Parquet file: {what}", "have it exported without encryption"},
		FR: Text{"le fichier {file} est un fichier Parquet chiffré : {what}", "faites-le exporter sans chiffrement"}}
	ParquetKind = &Message{Code: "LAV-4302", Class: Refused,
		EN: Text{"column {column} of file {file} is {type}, which is not read", "leave it out: without = [{quoted}]"},
		FR: Text{"la colonne {column} du fichier {file} est {type}, ce qui n'est pas lu", "laissez-la de côté : without = [{quoted}]"}}
	ParquetTooLarge = &Message{Code: "LAV-4303", Class: Failed,
		EN: Text{"{what} of column {column} in row group {group} of file {file} is larger than {bound}", "have the file written with smaller pages, or leave the column out with without"},
		FR: Text{"{what} de la colonne {column}, dans le groupe de lignes {group} du fichier {file}, dépasse {bound}", "faites écrire le fichier avec des pages plus petites, ou laissez la colonne de côté avec without"}}
	ParquetBroken = &Message{Code: "LAV-4304", Class: Failed,
		EN: Text{"file {file} is damaged: {why}", "export or copy it again; what cannot be read exactly is not read"},
		FR: Text{"le fichier {file} est endommagé : {why}", "refaites l'export ou la copie ; ce qui ne peut être lu exactement n'est pas lu"}}
	ParquetBrokenAt = &Message{Code: "LAV-4305", Class: Failed,
		EN: Text{"file {file} is damaged in column {column}, row group {group}: {why}", "export or copy it again; what cannot be read exactly is not read"},
		FR: Text{"le fichier {file} est endommagé dans la colonne {column}, groupe de lignes {group} : {why}", "refaites l'export ou la copie ; ce qui ne peut être lu exactement n'est pas lu"}}
	ParquetCannotBe = &Message{Code: "LAV-4306", Class: Refused,
		EN: Text{"column {column} of file {file} is {is}, which cannot be read as {wanted}", "correct its type in columns, or leave it out there: the column then has the type that the file says"},
		FR: Text{"la colonne {column} du fichier {file} est {is}, ce qui ne peut être lu en {wanted}", "corrigez son type dans columns, ou retirez-la de columns : la colonne a alors le type que dit le fichier"}}
	ParquetClock = &Message{Code: "LAV-4307", Class: Refused,
		EN: Text{"column {column} of file {file} holds clock times, and the file does not say of which zone", "say it, as in timestamp(\"\", \"Europe/Paris\"), or timestamp(\"\", \"UTC\") where they are instants"},
		FR: Text{"la colonne {column} du fichier {file} contient des heures locales, et le fichier ne dit pas de quel fuseau", "dites-le, par exemple timestamp(\"\", \"Europe/Paris\"), ou timestamp(\"\", \"UTC\") si ce sont des instants"}}
	ParquetCodec = &Message{Code: "LAV-4308", Class: Refused,
		EN: Text{"column {column} of file {file} is compressed by {codec}, which is not read", "have it written with zstd, snappy, gzip, brotli or lz4_raw, or leave it out with without"},
		FR: Text{"la colonne {column} du fichier {file} est compressée par {codec}, ce qui n'est pas lu", "faites-la écrire avec zstd, snappy, gzip, brotli ou lz4_raw, ou laissez-la de côté avec without"}}
	ParquetNotText = &Message{Code: "LAV-4309", Class: Row,
		EN: Text{"a text that is not UTF-8", "have the software write its texts in UTF-8, or declare the column as binary where it holds none"},
		FR: Text{"un texte qui n'est pas en UTF-8", "faites écrire les textes en UTF-8 par le logiciel, ou déclarez la colonne en binary si elle n'en contient pas"}}
	FractionLost = &Message{Code: "LAV-4310", Class: Row,
		EN: Text{"an instant with a part of a microsecond, which would be lost", "have it written in microseconds, or declare the column as text"},
		FR: Text{"un instant avec une fraction de microseconde, qui serait perdue", "faites-le écrire en microsecondes, ou déclarez la colonne en text"}}
	OutsideCalendar = &Message{Code: "LAV-4311", Class: Row,
		EN: Text{"a day or time outside of the years 1 to 9999, or of a day", "have the software write null where there is none"},
		FR: Text{"un jour ou une heure hors des années 1 à 9999, ou hors d'un jour", "faites écrire null par le logiciel là où il n'y en a pas"}}
	ParquetTooMany = &Message{Code: "LAV-4312", Class: Failed,
		EN: Text{"a page of column {column} in row group {group} of file {file} has more than {bound} values", "have the file written with smaller row groups"},
		FR: Text{"une page de la colonne {column}, dans le groupe de lignes {group} du fichier {file}, a plus de {bound} valeurs", "faites écrire le fichier avec des groupes de lignes plus petits"}}
	ParquetFooter = &Message{Code: "LAV-4313", Class: Failed,
		EN: Text{"the footer of file {file} is larger than {bound}", "have the file written with fewer columns or larger row groups"},
		FR: Text{"le pied du fichier {file} dépasse {bound}", "faites écrire le fichier avec moins de colonnes ou des groupes de lignes plus grands"}}
)
