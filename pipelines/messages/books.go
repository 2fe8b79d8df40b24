package messages

// books: files of fixed fields, dBase tables and workbooks. Codes LAV-4260 to LAV-4299.
var books = []*Message{
	FixedNoField, FixedShort, FixedTooLong, FixedCut,
	DBFNot, DBFCodePage, DBFNoMemo, DBFCut, DBFOverflow, DBFMemoLost, DBFType, DBFEncrypted, DBFMark, DBFMore, DBFUnreadable,
	BookOther, BookDamaged, BookEncrypted, BookSheet, BookBomb, BookDoctype, BookNoFormulaValue, MisplacedLineEnd, TooManyColumns,
}

var (
	FixedNoField = &Message{Code: "LAV-4260", Class: Language,
		EN: Text{"columns declares {column}, which fields gives no position", "say in fields where it stands, or correct the name; {hint}"},
		FR: Text{"columns déclare {column}, dont fields ne dit pas la position", "dites dans fields où elle se trouve, ou corrigez le nom ; {hint}"}}
	FixedShort = &Message{Code: "LAV-4261", Class: Row,
		EN: Text{"a line of {got} bytes, whose columns end at byte {wanted}", "correct the line, or check fields; where exports leave out spaces at the end, write short = \"null\""},
		FR: Text{"une ligne de {got} octets, dont les colonnes finissent à l'octet {wanted}", "corrigez la ligne, ou vérifiez fields ; si l'export omet les espaces de fin, écrivez short = \"null\""}}
	FixedTooLong = &Message{Code: "LAV-4262", Class: Failed,
		EN: Text{"line {line} of file {file} is longer than {bound}", "check that the file is the right one; if it has no line ends, write record_length"},
		FR: Text{"la ligne {line} du fichier {file} dépasse {bound}", "vérifiez que c'est le bon fichier ; s'il n'a pas de fins de ligne, écrivez record_length"}}
	FixedCut = &Message{Code: "LAV-4263", Class: Failed,
		EN: Text{"file {file} ends amid a record: its last one has {got} bytes of {wanted}", "export it again: it may be cut short; or correct record_length"},
		FR: Text{"le fichier {file} finit au milieu d'un enregistrement : le dernier a {got} octets sur {wanted}", "refaites l'export : le fichier est peut-être tronqué ; ou corrigez record_length"}}

	DBFNot = &Message{Code: "LAV-4270", Class: Refused,
		EN: Text{"file {file} is no dBase table that can be read: {why}", "check that the file is the right one, or export it again"},
		FR: Text{"le fichier {file} n'est pas une table dBase lisible : {why}", "vérifiez que c'est le bon fichier, ou refaites l'export"}}
	DBFCodePage = &Message{Code: "LAV-4271", Class: Refused,
		EN: Text{"nothing tells in which characters file {file} is written (its mark is {mark})", "write encoding = \"cp850\" for old French software, \"cp1252\" for Windows, or put the .cpg file beside it"},
		FR: Text{"rien ne dit avec quels caractères le fichier {file} est écrit (sa marque est {mark})", "écrivez encoding = \"cp850\" pour un ancien logiciel français, \"cp1252\" pour Windows, ou placez le fichier .cpg à côté"}}
	DBFNoMemo = &Message{Code: "LAV-4272", Class: Refused,
		EN: Text{"file {file} keeps its long texts ({columns}) in a second file, {extension}, which is not beside it", "put that file beside it, under the same name; or leave these columns out with without"},
		FR: Text{"le fichier {file} garde ses textes longs ({columns}) dans un second fichier, {extension}, qui n'est pas à côté", "placez ce fichier à côté, sous le même nom ; ou laissez ces colonnes de côté avec without"}}
	DBFCut = &Message{Code: "LAV-4273", Class: Failed,
		EN: Text{"file {file} ends after {got} records, and says that it has {wanted}", "export or copy it again: it is cut short"},
		FR: Text{"le fichier {file} finit après {got} enregistrements, et dit en avoir {wanted}", "refaites l'export ou la copie : il est tronqué"}}
	DBFOverflow = &Message{Code: "LAV-4274", Class: Row,
		EN: Text{"a number that did not fit its column: the software wrote asterisks", "widen the column in the software and export again"},
		FR: Text{"un nombre trop grand pour sa colonne : le logiciel a écrit des astérisques", "élargissez la colonne dans le logiciel et refaites l'export"}}
	DBFMemoLost = &Message{Code: "LAV-4275", Class: Row,
		EN: Text{"a long text that is not in the second file, where the record says it is", "export both files again, together"},
		FR: Text{"un texte long absent du second fichier, où l'enregistrement le situe", "refaites l'export des deux fichiers, ensemble"}}
	DBFType = &Message{Code: "LAV-4276", Class: Refused,
		EN: Text{"column {column} of file {file} is of a type that is not read: {type}", "leave it out: without = [{quoted}]"},
		FR: Text{"la colonne {column} du fichier {file} est d'un type qui n'est pas lu : {type}", "laissez-la de côté : without = [{quoted}]"}}
	DBFEncrypted = &Message{Code: "LAV-4277", Class: Refused,
		EN: Text{"file {file} is an encrypted dBase table", "export it without encryption"},
		FR: Text{"le fichier {file} est une table dBase chiffrée", "exportez-la sans chiffrement"}}
	DBFMark = &Message{Code: "LAV-4278", Class: Row,
		EN: Text{"a record that neither stands nor is deleted: its mark is damaged", "export the file again"},
		FR: Text{"un enregistrement ni présent ni supprimé : sa marque est abîmée", "refaites l'export"}}
	DBFMore = &Message{Code: "LAV-4279", Class: Failed,
		EN: Text{"file {file} goes on after the {wanted} records that it says it has", "have the software repair or reindex the table, then export it again"},
		FR: Text{"le fichier {file} continue après les {wanted} enregistrements qu'il dit avoir", "faites réparer ou réindexer la table par le logiciel, puis refaites l'export"}}
	DBFUnreadable = &Message{Code: "LAV-4280", Class: Row,
		EN: Text{"a byte in column {cell} that is no text in the characters of the table", "declare the characters the table really has with encoding, or export it again"},
		FR: Text{"un octet de la colonne {cell} qui n'est pas du texte selon le codage de la table", "déclarez le codage réel de la table avec encoding, ou refaites l'export"}}

	BookOther = &Message{Code: "LAV-4290", Class: Refused,
		EN: Text{"file {file} is not {wanted}: {why}", "check that the file is the right one, and its format block"},
		FR: Text{"le fichier {file} n'est pas {wanted} : {why}", "vérifiez que c'est le bon fichier, et son bloc format"}}
	BookDamaged = &Message{Code: "LAV-4291", Class: Failed,
		EN: Text{"file {file} is damaged or cut short: {why}", "open it in the software it comes from, save it anew, or copy it again"},
		FR: Text{"le fichier {file} est abîmé ou tronqué : {why}", "ouvrez-le dans son logiciel et enregistrez-le à nouveau, ou refaites la copie"}}
	BookEncrypted = &Message{Code: "LAV-4292", Class: Refused,
		EN: Text{"file {file} is protected by a password", "save it without one"},
		FR: Text{"le fichier {file} est protégé par un mot de passe", "enregistrez-le sans mot de passe"}}
	BookSheet = &Message{Code: "LAV-4293", Class: Refused,
		EN: Text{"file {file} has no sheet {sheet}; it has {count}", "correct sheet: its name letter by letter, or its number from 1; {hint}"},
		FR: Text{"le fichier {file} n'a pas de feuille {sheet} ; il en a {count}", "corrigez sheet : le nom lettre à lettre, ou le numéro à partir de 1 ; {hint}"}}
	BookBomb = &Message{Code: "LAV-4294", Class: Refused,
		EN: Text{"file {file} would unpack to more than any workbook: {why}", "check where the file comes from; save it anew in a spreadsheet"},
		FR: Text{"le fichier {file} donnerait, décompressé, plus qu'aucun classeur : {why}", "vérifiez d'où vient le fichier ; enregistrez-le à nouveau dans un tableur"}}
	BookDoctype = &Message{Code: "LAV-4295", Class: Refused,
		EN: Text{"a part of file {file} declares a document type or entities, which no spreadsheet writes", "check where the file comes from; save it anew in a spreadsheet"},
		FR: Text{"une partie du fichier {file} déclare un type de document ou des entités, ce qu'aucun tableur n'écrit", "vérifiez d'où vient le fichier ; enregistrez-le à nouveau dans un tableur"}}
	BookNoFormulaValue = &Message{Code: "LAV-4296", Class: Row,
		EN: Text{"a formula whose result is not in the file", "open the workbook in a spreadsheet, let it calculate, and save it"},
		FR: Text{"une formule dont le résultat n'est pas dans le fichier", "ouvrez le classeur dans un tableur, laissez-le calculer, et enregistrez-le"}}
	MisplacedLineEnd = &Message{Code: "LAV-4298", Class: Row,
		EN: Text{"a line end of another kind than those of the file, or where its records have none: it may part two rows", "export the file again, with line ends of one kind, and quotes around texts that hold one; check record_length where it is given"},
		FR: Text{"une fin de ligne d'une autre sorte que celles du fichier, ou là où ses enregistrements n'en ont pas : elle sépare peut-être deux lignes", "refaites l'export avec une seule sorte de fins de ligne, et des guillemets autour des textes qui en contiennent ; vérifiez record_length s'il est donné"}}
	TooManyColumns = &Message{Code: "LAV-4299", Class: Refused,
		EN: Text{"file {file} has more columns than are read: {bound}", "check that the file is the right one, and delimiter and header against it"},
		FR: Text{"le fichier {file} a plus de colonnes qu'il n'en est lu : {bound}", "vérifiez que c'est le bon fichier, puis delimiter et header"}}
)
