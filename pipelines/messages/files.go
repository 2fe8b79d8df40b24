package messages

// files: file sources and the CSV codec. Codes LAV-4000 to LAV-4141.
var files = []*Message{
	CSVColumnMissing, CSVColumnTwice, CSVNoHeader, CSVNoColumns, CSVOption, CSVWrongUse, CSVWrongEncoding, CSVRowTooLong,
	CSVOpenQuote, CSVRagged, CSVUnreadableByte, CSVBadQuote, CSVBadList, CSVBadNull, CSVBadHeader, CSVCannotHold, CSVNotCanonical, CSVNotAsWritten,
	CSVNotTheHeader, CSVHeaderIsData, CellFault, CellNumberNotText, CellLost,
	FileNone, FilePattern, FileCapture, FileSchemasDiffer, FileColumn, FileKey, FileNotText, FileKeyNull, FileNoReason, FileNotReadable, FileChanged,
	UnpackBroken, UnpackBomb, UnpackMany, UnpackMember, UnpackNone, UnpackMembers, FileDone, FileStays, FileRecipients, FileTakenElsewhere, FileEmpty, FileMaybeFixed, FileOtherLines,
}

var (
	CSVColumnMissing = &Message{Code: "LAV-4000", Class: Refused,
		EN: Text{"file {file} has no column {column} (its columns are {columns})", "correct the name in columns, or say with header on which row the column names stand; {hint}"},
		FR: Text{"le fichier {file} n'a pas de colonne {column} (ses colonnes sont {columns})", "corrigez le nom dans columns, ou dites avec header sur quelle ligne sont les noms de colonnes ; {hint}"}}
	CSVColumnTwice = &Message{Code: "LAV-4001", Class: Refused,
		EN: Text{"file {file} names two columns {column}", "have the export name each column differently, or read without names: header = 0 and columns"},
		FR: Text{"le fichier {file} nomme {column} deux de ses colonnes", "faites nommer chaque colonne différemment par l'export, ou lisez sans les noms : header = 0 et columns"}}
	CSVNoHeader = &Message{Code: "LAV-4002", Class: Refused,
		EN: Text{"file {file} ends before row {row}, where its column names should be", "check that the file is the right one, or correct header"},
		FR: Text{"le fichier {file} se termine avant la ligne {row}, où devraient être ses noms de colonnes", "vérifiez que c'est le bon fichier, ou corrigez header"}}
	CSVNoColumns = &Message{Code: "LAV-4003", Class: Language,
		EN: Text{"a file without column names needs its columns declared", "write columns = { name = type, … } in the order of the file"},
		FR: Text{"un fichier sans noms de colonnes demande que ses colonnes soient déclarées", "écrivez columns = { nom = type, … } dans l'ordre du fichier"}}
	CSVOption = &Message{Code: "LAV-4004", Class: Language,
		EN: Text{"{option}: {why}", "correct the value"},
		FR: Text{"{option} : {why}", "corrigez la valeur"}}
	CSVWrongUse = &Message{Code: "LAV-4005", Class: Language,
		EN: Text{"{option} has no meaning when a CSV file is {use}", "remove it; a load chooses its dialect with profile, a source describes the file with the other options"},
		FR: Text{"{option} n'a pas de sens pour un fichier CSV dans ce bloc ({use})", "retirez-le ; un load choisit son dialecte avec profile, une source décrit le fichier avec les autres options"}}
	CSVWrongEncoding = &Message{Code: "LAV-4006", Class: Refused,
		EN: Text{"file {file} is not {encoding}: {why}", "write encoding = {instead}"},
		FR: Text{"le fichier {file} n'est pas en {encoding} : {why}", "écrivez encoding = {instead}"}}
	CSVRowTooLong = &Message{Code: "LAV-4007", Class: Failed,
		EN: Text{"the row that starts at line {line} of file {file} is longer than {bound}", "look for a quote that is never closed; if cells hold no quoting at all, write quote = \"\""},
		FR: Text{"la ligne {line} du fichier {file} commence un enregistrement de plus de {bound}", "cherchez un guillemet jamais refermé ; si les cellules ne sont jamais entre guillemets, écrivez quote = \"\""}}
	CSVOpenQuote = &Message{Code: "LAV-4008", Class: Failed,
		EN: Text{"the quote opened at line {line} of file {file} is never closed", "correct the line or export the file again: it may be cut short; if cells hold no quoting at all, write quote = \"\""},
		FR: Text{"le guillemet ouvert à la ligne {line} du fichier {file} n'est jamais refermé", "corrigez la ligne ou refaites l'export : le fichier est peut-être tronqué ; si les cellules ne sont jamais entre guillemets, écrivez quote = \"\""}}
	CSVRagged = &Message{Code: "LAV-4009", Class: Row,
		EN: Text{"{got} cells where the file has {wanted} columns", "correct the row, or check delimiter and quote"},
		FR: Text{"{got} cellules alors que le fichier a {wanted} colonnes", "corrigez la ligne, ou vérifiez delimiter et quote"}}
	CSVUnreadableByte = &Message{Code: "LAV-4010", Class: Row,
		EN: Text{"a byte (number {byte} of the file, in cell {cell}) that is no text in {encoding}", "declare the encoding the file really has, which is encoding = \"cp1252\" for most exports of Windows, or export it again"},
		FR: Text{"un octet (numéro {byte} du fichier, cellule {cell}) qui n'est pas du texte en {encoding}", "déclarez l'encodage réel du fichier, encoding = \"cp1252\" pour la plupart des exports de Windows, ou refaites l'export"}}
	CSVBadQuote = &Message{Code: "LAV-4011", Class: Row,
		EN: Text{"a quote in the middle of cell {cell}", "have the export quote the whole cell and double the quotes in it; if cells hold no quoting at all, write quote = \"\""},
		FR: Text{"un guillemet au milieu de la cellule {cell}", "faites mettre toute la cellule entre guillemets par l'export, en doublant ceux qu'elle contient ; si les cellules ne sont jamais entre guillemets, écrivez quote = \"\""}}
	CSVBadList = &Message{Code: "LAV-4012", Class: Row,
		EN: Text{"not a list of texts written as a JSON array", "correct the cell, or declare the column as text and use split()"},
		FR: Text{"pas une liste de textes écrite comme un tableau JSON", "corrigez la cellule, ou déclarez la colonne en texte et utilisez split()"}}
	CSVBadHeader = &Message{Code: "LAV-4017", Class: Refused,
		EN: Text{"row {row} of file {file} does not hold column names that can be read", "{do}; else check header, delimiter and quote against the file"},
		FR: Text{"la ligne {row} du fichier {file} ne contient pas de noms de colonnes lisibles", "{do} ; sinon vérifiez header, delimiter et quote par rapport au fichier"}}
	CSVNotTheHeader = &Message{Code: "LAV-4018", Class: Refused,
		EN: Text{"row {row} of file {file} names none of the columns in columns (cells: {cells})", "{hint}"},
		FR: Text{"la ligne {row} du fichier {file} ne nomme aucune des colonnes de columns (cellules : {cells})", "{hint}"}}
	CSVHeaderIsData = &Message{Code: "LAV-4019", Class: Refused,
		EN: Text{"row {row} of file {file} holds data, not column names: cell {cell} is a number, a date or an address", "say with header on which row the column names stand; if there are none, write header = 0 and columns"},
		FR: Text{"la ligne {row} du fichier {file} contient des données, pas des noms de colonnes : la cellule {cell} est un nombre, une date ou une adresse", "dites avec header sur quelle ligne sont les noms de colonnes ; s'il n'y en a pas, écrivez header = 0 et columns"}}
	CSVBadNull = &Message{Code: "LAV-4016", Class: Row,
		EN: Text{"something in a column that holds only null", "declare the type the column has"},
		FR: Text{"quelque chose dans une colonne qui ne contient que null", "déclarez le type de la colonne"}}
	CellFault = &Message{Code: "LAV-4020", Class: Row,
		EN: Text{"an error of the workbook in place of a value", "correct the formula and export again, or name the error in null, as in null = [\"\", \"#N/A\"]"},
		FR: Text{"une erreur du classeur à la place d'une valeur", "corrigez la formule et refaites l'export, ou nommez l'erreur dans null, comme null = [\"\", \"#N/A\"]"}}
	CellNumberNotText = &Message{Code: "LAV-4021", Class: Row,
		EN: Text{"a number where text is declared: zeros in front are lost, and long codes are rounded", "format the column as text in the workbook and type the code again, or declare the column as a number"},
		FR: Text{"un nombre là où du texte est déclaré : les zéros de tête sont perdus, les codes longs arrondis", "mettez la colonne au format texte dans le classeur et ressaisissez le code, ou déclarez la colonne comme nombre"}}
	CellLost = &Message{Code: "LAV-4025", Class: Row,
		EN: Text{"a text with letters that were lost before the file was written (U+FFFD stands for them)", "have it exported again from the software in which the letters still are, with an encoding that has them"},
		FR: Text{"un texte dont des lettres ont été perdues avant l'écriture du fichier (U+FFFD en tient lieu)", "faites refaire l'export par le logiciel où les lettres sont encore, dans un encodage qui les contient"}}
	CSVCannotHold = &Message{Code: "LAV-4013", Class: Refused,
		EN: Text{"a CSV file cannot hold column {column} exactly: {why}", "drop or convert the column, or publish it as Parquet"},
		FR: Text{"un fichier CSV ne peut pas contenir exactement la colonne {column} : {why}", "retirez ou convertissez la colonne, ou publiez-la en Parquet"}}
	CSVNotCanonical = &Message{Code: "LAV-4014", Class: Failed,
		EN: Text{"line {line} of the sealed CSV file is not as it should have been written: {why}", "report this to the project; nothing was published"},
		FR: Text{"la ligne {line} du fichier CSV scellé n'est pas telle qu'elle aurait dû être écrite : {why}", "signalez-le au projet ; rien n'a été publié"}}
	CSVNotAsWritten = &Message{Code: "LAV-4015", Class: Failed,
		EN: Text{"the sealed CSV file does not read back as its schema says: {why}", "report this to the project; nothing was published"},
		FR: Text{"le fichier CSV scellé ne se relit pas selon son schéma : {why}", "signalez-le au projet ; rien n'a été publié"}}

	FileNone = &Message{Code: "LAV-4100", Class: Refused,
		EN: Text{"no file in {store} matches the path of the source{keys}", "check that the export has arrived, and path; names are matched letter by letter, upper and lower case apart"},
		FR: Text{"aucun fichier de {store} ne correspond au chemin de la source{keys}", "vérifiez que l'export est arrivé, et path ; les noms sont comparés lettre à lettre, majuscules et minuscules distinguées"}}
	FilePattern = &Message{Code: "LAV-4101", Class: Language,
		EN: Text{"path is not a pattern of paths: {why}", "write a plain path, or one with captures such as (?<exercice>\\\\d{4})"},
		FR: Text{"path n'est pas un motif de chemins : {why}", "écrivez un chemin simple, ou un chemin avec des captures comme (?<exercice>\\\\d{4})"}}
	FileCapture = &Message{Code: "LAV-4102", Class: Language,
		EN: Text{"path captures {name}, which is no key of the task ({keys})", "name the capture after the partition, or \"tenant\", or write (?:…) to capture nothing"},
		FR: Text{"path capture {name}, qui n'est pas une clé de la tâche ({keys})", "nommez la capture comme la partition, ou \"tenant\", ou écrivez (?:…) pour ne rien capturer"}}
	FileSchemasDiffer = &Message{Code: "LAV-4103", Class: Refused,
		EN: Text{"files {first} and {second} do not have the same columns: {difference}", "have them exported alike, or read them with two pipelines"},
		FR: Text{"les fichiers {first} et {second} n'ont pas les mêmes colonnes : {difference}", "faites-les exporter de la même façon, ou lisez-les par deux pipelines"}}
	FileColumn = &Message{Code: "LAV-4104", Class: Refused,
		EN: Text{"{option} names column {column}, which the files do not have", "{hint}"},
		FR: Text{"{option} nomme la colonne {column}, que les fichiers n'ont pas", "{hint}"}}
	FileKey = &Message{Code: "LAV-4105", Class: Language,
		EN: Text{"{option} needs a pipeline with {wanted}", "add for instance {example} to the pipeline, or remove {option}"},
		FR: Text{"{option} demande un pipeline avec {wanted}", "ajoutez par exemple {example} au pipeline, ou retirez {option}"}}
	FileNotText = &Message{Code: "LAV-4106", Class: Refused,
		EN: Text{"{option} needs column {column} to be text or a whole number, not {got}", "declare it so in columns"},
		FR: Text{"{option} demande que la colonne {column} soit du texte ou un nombre entier, pas {got}", "déclarez-la ainsi dans columns"}}
	FileKeyNull = &Message{Code: "LAV-4107", Class: Row,
		EN: Text{"nothing says to whom or to which partition the row belongs", "fill the cell in the export"},
		FR: Text{"rien ne dit à qui ni à quelle partition appartient la ligne", "remplissez la cellule dans l'export"}}
	FileNoReason = &Message{Code: "LAV-4108", Class: Language,
		EN: Text{"not_personal gives no reason for column {column}", "write why the column cannot name a person: not_personal = { {column} = \"street name\" }"},
		FR: Text{"not_personal ne donne pas de raison pour la colonne {column}", "écrivez pourquoi la colonne ne peut désigner personne : not_personal = { {column} = \"nom de voie\" }"}}
	FileNotReadable = &Message{Code: "LAV-4109", Class: Language,
		EN: Text{"format {format} cannot be read from a file", "choose another format"},
		FR: Text{"le format {format} ne peut pas être lu dans un fichier", "choisissez un autre format"}}
	UnpackBroken = &Message{Code: "LAV-4120", Class: Failed,
		EN: Text{"what is packed in file {file} cannot be read: {why}", "check that the file is whole and that unpack names its kind, then fetch it again"},
		FR: Text{"ce que contient le fichier {file} ne peut pas être lu : {why}", "vérifiez que le fichier est entier et que unpack nomme son genre, puis refaites le transfert"}}
	UnpackBomb = &Message{Code: "LAV-4121", Class: Refused,
		EN: Text{"file {file} holds more than {bound}", "if it is not a bomb but that large, raise max_size or max_ratio in unpack"},
		FR: Text{"le fichier {file} contient plus de {bound}", "s'il n'est pas piégé mais vraiment aussi gros, augmentez max_size ou max_ratio dans unpack"}}
	UnpackMany = &Message{Code: "LAV-4122", Class: Refused,
		EN: Text{"file {file} has more than {bound} members", "have the export make several archives"},
		FR: Text{"le fichier {file} a plus de {bound} membres", "faites faire plusieurs archives par l'export"}}
	UnpackMember = &Message{Code: "LAV-4123", Class: Refused,
		EN: Text{"member {member} of file {file} is refused: {why}", "correct the archive, or leave that member out with members"},
		FR: Text{"le membre {member} du fichier {file} est refusé : {why}", "corrigez l'archive, ou laissez ce membre de côté avec members"}}
	UnpackNone = &Message{Code: "LAV-4124", Class: Refused,
		EN: Text{"no member of file {file} matches members", "correct members, or have the export put the file in"},
		FR: Text{"aucun membre du fichier {file} ne correspond à members", "corrigez members, ou faites mettre le fichier par l'export"}}
	UnpackMembers = &Message{Code: "LAV-4125", Class: Language,
		EN: Text{"{kind} holds one file and has no members", "remove members; it belongs to zip and tar"},
		FR: Text{"{kind} contient un seul fichier, sans membres", "retirez members ; il va avec zip et tar"}}
	FileDone = &Message{Code: "LAV-4130", Class: Language,
		EN: Text{"the source block: {option} {why}", "correct on_done, done_path, error_path and accumulate so that they go together"},
		FR: Text{"le bloc source : {option} {why}", "corrigez on_done, done_path, error_path et accumulate pour qu'ils aillent ensemble"}}
	FileStays = &Message{Code: "LAV-4131", Class: Language,
		EN: Text{"{store} is of a kind that files cannot be moved in", "write on_done = \"keep\" and no error_path"},
		FR: Text{"{store} est d'un genre où les fichiers ne se déplacent pas", "écrivez on_done = \"keep\", sans error_path"}}
	FileRecipients = &Message{Code: "LAV-4140", Class: Language,
		EN: Text{"{option} needs someone who can read the files that are put aside: they are encrypted", "add quarantine = [\"age1…\"] to the project block, or remove {option}"},
		FR: Text{"{option} demande quelqu'un qui puisse lire les fichiers mis de côté : ils sont chiffrés", "ajoutez quarantine = [\"age1…\"] au bloc project, ou retirez {option}"}}
	FileTakenElsewhere = &Message{Code: "LAV-4141", Class: Warning,
		EN: Text{"{first} takes files away (on_done) that {second} reads by another path or unpack block: neither waits for the other, and what the first run takes the other no longer finds", "give both the same path, captures included, and the same unpack blocks, or run them together, always"},
		FR: Text{"{first} emporte (on_done) des fichiers que {second} lit par un autre chemin ou bloc unpack : aucun n'attend l'autre, et ce que le premier emporte, l'autre ne le trouve plus", "donnez-leur le même path, captures comprises, et les mêmes blocs unpack, ou exécutez-les toujours ensemble"}}
	FileChanged = &Message{Code: "LAV-4110", Class: Failed,
		EN: Text{"file {file} changed while it was read", "run again when it is complete; have exports written under another name and renamed at the end"},
		FR: Text{"le fichier {file} a changé pendant sa lecture", "relancez quand il est complet ; faites écrire les exports sous un autre nom, puis renommer à la fin"}}
	FileEmpty = &Message{Code: "LAV-4022", Class: Refused,
		EN: Text{"the file is empty", "see whether the export or its transfer broke off, and have it made again"},
		FR: Text{"le fichier est vide", "voyez si l'export ou son transfert s'est interrompu, et faites-le refaire"}}
	FileMaybeFixed = &Message{Code: "LAV-4023", Class: Warning,
		EN: Text{"{count} of the first {rows} rows have runs of spaces, as files of fixed positions have; if it is one, write format \"fixed\" with the positions of its description", "take the positions from the description that comes with the file"},
		FR: Text{"{count} des {rows} premières lignes ont des suites d'espaces, comme les fichiers à positions fixes ; si c'en est un, écrivez format \"fixed\" avec les positions de sa description", "prenez les positions dans la description qui accompagne le fichier"}}
	FileOtherLines = &Message{Code: "LAV-4024", Class: Warning,
		EN: Text{"except: {count} lines of other kinds are left out", "to read them, write another pipeline with the positions of their kind"},
		FR: Text{"except : {count} lignes d'autres natures sont laissées de côté", "pour les lire, écrivez un autre pipeline avec les positions de leur nature"}}
)
