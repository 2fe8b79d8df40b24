package messages

// parquets: the Parquet codec. Codes LAV-5000 to LAV-5999.
var parquets = []*Message{
	ParquetType, ParquetNoColumns, ParquetBloomType, ParquetSortType, ParquetMetadata, ParquetText, ParquetDecimal,
	ParquetColumnSize, ParquetGroups, ParquetOrder, ParquetDamaged, ParquetSchema,
}

var (
	ParquetType = &Message{Code: "LAV-5000", Class: Refused,
		EN: Text{"column {column} is {type}, which a Parquet file of ours cannot hold exactly", "convert it first with transform \"cast\" to bool, int32, int64, float64, decimal, date, timestamp, text, binary or list(text)"},
		FR: Text{"la colonne {column} est de type {type}, qu'un fichier Parquet produit ici ne peut pas contenir exactement", "convertissez-la d'abord avec transform \"cast\" en bool, int32, int64, float64, decimal, date, timestamp, text, binary ou list(text)"}}
	ParquetNoColumns = &Message{Code: "LAV-5001", Class: Refused,
		EN: Text{"a Parquet file needs at least one column, and none is left", "keep a column, or remove the file block"},
		FR: Text{"un fichier Parquet a besoin d'au moins une colonne, et il n'en reste aucune", "gardez une colonne, ou retirez le bloc file"}}
	ParquetBloomType = &Message{Code: "LAV-5002", Class: Refused,
		EN: Text{"column {column} is {type}, and a bloom filter on it would be of no use", "remove it from bloom"},
		FR: Text{"la colonne {column} est de type {type}, et un filtre de Bloom n'y servirait à rien", "retirez-la de bloom"}}
	ParquetSortType = &Message{Code: "LAV-5003", Class: Refused,
		EN: Text{"column {column} is {type}, which has no order a reader could rely on", "remove it from sorted_by"},
		FR: Text{"la colonne {column} est de type {type}, sans ordre sur lequel un lecteur puisse compter", "retirez-la de sorted_by"}}
	ParquetMetadata = &Message{Code: "LAV-5004", Class: Refused,
		EN: Text{"the metadata key {key} is already taken by the file itself", "give it another name"},
		FR: Text{"la clé de métadonnées {key} est déjà prise par le fichier lui-même", "donnez-lui un autre nom"}}
	ParquetText = &Message{Code: "LAV-5005", Class: Failed,
		EN: Text{"column {column} holds a text that is not UTF-8", "declare the encoding of the source; if it is declared, report this to whoever wrote the last step"},
		FR: Text{"la colonne {column} contient un texte qui n'est pas en UTF-8", "déclarez l'encodage de la source ; s'il l'est, signalez-le à l'auteur de la dernière étape"}}
	ParquetDecimal = &Message{Code: "LAV-5006", Class: Failed,
		EN: Text{"column {column} holds a number with more digits than its type {type}", "declare a wider type in the step that makes the column"},
		FR: Text{"la colonne {column} contient un nombre de plus de chiffres que son type {type}", "déclarez un type plus large dans l'étape qui produit la colonne"}}
	ParquetColumnSize = &Message{Code: "LAV-5007", Class: Failed,
		EN: Text{"the values of column {column} take more than {bytes} bytes in {rows} rows, more than readers accept", "leave the column out, or shorten its values"},
		FR: Text{"les valeurs de la colonne {column} dépassent {bytes} octets en {rows} lignes, plus que ce qu'acceptent les lecteurs", "retirez la colonne, ou raccourcissez ses valeurs"}}
	ParquetGroups = &Message{Code: "LAV-5008", Class: Failed,
		EN: Text{"the file would have more than {groups} row groups", "publish by smaller partitions"},
		FR: Text{"le fichier aurait plus de {groups} groupes de lignes", "publiez par partitions plus petites"}}
	ParquetOrder = &Message{Code: "LAV-5009", Class: Refused,
		EN: Text{"the rows are not in the order that sorted_by states ({columns}; ascending, nulls last)", "add transform \"sort\" with the same columns, or remove sorted_by"},
		FR: Text{"les lignes ne sont pas dans l'ordre que sorted_by annonce ({columns} ; croissant, nuls à la fin)", "ajoutez transform \"sort\" avec les mêmes colonnes, ou retirez sorted_by"}}
	ParquetDamaged = &Message{Code: "LAV-5010", Class: Failed,
		EN: Text{"the Parquet file contradicts itself or is damaged: {what}", "run again; if it comes back, check the disk and report this to the project"},
		FR: Text{"le fichier Parquet se contredit ou est endommagé : {what}", "relancez ; si cela revient, contrôlez le disque et signalez-le au projet"}}
	ParquetSchema = &Message{Code: "LAV-5011", Class: Failed,
		EN: Text{"the Parquet file does not have the columns that were written: {what}", "run again; if it comes back, report this to the project"},
		FR: Text{"le fichier Parquet n'a pas les colonnes qui ont été écrites : {what}", "relancez ; si cela revient, signalez-le au projet"}}
)
