package messages

// guesses: what lavoir guess finds in a file, and why it proposes what it does. Codes LAV-4700 to LAV-4749.
var guesses = []*Message{GuessUnknown, GuessNoFile, GuessEncodingMark, GuessEncodingValid, GuessEncodingPlain, GuessEncodingScore, GuessEncodingMixed, GuessEncodingWide, GuessDelimiter, GuessOneColumn, GuessNoQuote, GuessHeader, GuessNoHeader, GuessTwoHeaders, GuessRepeated, GuessBlank, GuessFooter, GuessNumbers, GuessNulls, GuessPadding, GuessAmbiguous, GuessMixed, GuessSpreadsheet, GuessWrongKeys, GuessMisfit, GuessPersonal, GuessSchema, GuessSignature, GuessContent, GuessTable, GuessPacked, GuessAgainst, GuessManyPipelines, GuessDamaged, GuessLeftOut, GuessNumbersForCodes,
	GuessFolder, GuessForeign, GuessNoRows, GuessRecord, GuessLate, GuessOthers, GuessLayout, GuessSpans, GuessJoined, GuessNoSpans, GuessMembers, GuessEncodingSaid, GuessUnread}

var (
	GuessUnknown = &Message{Code: "LAV-4700", Class: Refused,
		EN: Text{"no format recognises the file", "give the one it is with --format, or look at its first bytes"},
		FR: Text{"aucun format ne reconnaît le fichier", "donnez le sien avec --format, ou regardez ses premiers octets"}}
	GuessNoFile = &Message{Code: "LAV-4701", Class: Environment,
		EN: Text{"the file {file} cannot be read: {why}", "check the path and the rights"},
		FR: Text{"le fichier {file} ne peut pas être lu : {why}", "vérifiez le chemin et les droits"}}
	GuessEncodingMark = &Message{Code: "LAV-4702", Class: Warning,
		EN: Text{"encoding: the file starts with the mark of {encoding}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"encodage : le fichier commence par la marque de {encoding}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessEncodingValid = &Message{Code: "LAV-4703", Class: Warning,
		EN: Text{"encoding: {count} characters beyond ASCII, and all of them are UTF-8", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"encodage : {count} caractères hors d'ASCII, tous en UTF-8", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessEncodingPlain = &Message{Code: "LAV-4704", Class: Warning,
		EN: Text{"encoding: every byte is ASCII; any encoding reads it", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"encodage : tous les octets sont de l'ASCII ; n'importe quel encodage le lit", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessEncodingScore = &Message{Code: "LAV-4705", Class: Warning,
		EN: Text{"encoding: {count} characters are not UTF-8; by the letters they would be, {scores}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"encodage : {count} caractères ne sont pas de l'UTF-8 ; selon les lettres qu'ils seraient, {scores}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessEncodingMixed = &Message{Code: "LAV-4706", Class: Warning,
		EN: Text{"encoding: {valid} characters are UTF-8 and {count} are not; the rows of these are read as {encoding}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"encodage : {valid} caractères sont de l'UTF-8 et {count} n'en sont pas ; les lignes de ceux-ci se lisent en {encoding}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessEncodingWide = &Message{Code: "LAV-4707", Class: Warning,
		EN: Text{"encoding: {share} % of the bytes at {places} places are NUL, as in UTF-16 without a mark", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"encodage : {share} % des octets aux places {places} sont NUL, comme en UTF-16 sans marque", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessDelimiter = &Message{Code: "LAV-4708", Class: Warning,
		EN: Text{"delimiter: with {delimiter}, {count} of the first {rows} rows have {columns} cells", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"séparateur : avec {delimiter}, {count} des {rows} premières lignes ont {columns} cellules", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessOneColumn = &Message{Code: "LAV-4709", Class: Warning,
		EN: Text{"delimiter: none makes rows of the same number of cells; the file has one column", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"séparateur : aucun ne donne des lignes de même longueur ; le fichier a une colonne", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessNoQuote = &Message{Code: "LAV-4710", Class: Warning,
		EN: Text{"quote: quotes stand inside {count} of the first {rows} rows where they could quote nothing; they are text", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"guillemets : {count} des {rows} premières lignes en ont là où ils n'entourent rien ; ils sont du texte", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessHeader = &Message{Code: "LAV-4711", Class: Warning,
		EN: Text{"header: row {row} has {columns} names and no value", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"en-tête : la ligne {row} a {columns} noms et aucune valeur", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessNoHeader = &Message{Code: "LAV-4712", Class: Warning,
		EN: Text{"header: the first row has values, in cell {cell} for one; the columns get numbers", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"en-tête : la première ligne a des valeurs, dans la cellule {cell} par exemple ; les colonnes sont numérotées", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessTwoHeaders = &Message{Code: "LAV-4713", Class: Warning,
		EN: Text{"header: the names of row {row} come several times and are told apart by the row above", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"en-tête : les noms de la ligne {row} reviennent et se distinguent par la ligne au-dessus", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessRepeated = &Message{Code: "LAV-4714", Class: Warning,
		EN: Text{"skip_repeated_header: {count} rows repeat the names", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"skip_repeated_header : {count} lignes répètent les noms", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessBlank = &Message{Code: "LAV-4715", Class: Warning,
		EN: Text{"skip_blank: {count} rows have nothing in any cell", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"skip_blank : {count} lignes n'ont rien dans aucune cellule", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessFooter = &Message{Code: "LAV-4716", Class: Warning,
		EN: Text{"skip_footer: the last {count} rows are totals or notes, from line {line} on", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"skip_footer : les {count} dernières lignes sont des totaux ou des notes, à partir de la ligne {line}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessNumbers = &Message{Code: "LAV-4717", Class: Warning,
		EN: Text{"numbers: {columns} columns are numbers with {decimal} as the decimal mark, {thousands} between thousands", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"nombres : {columns} colonnes sont des nombres avec {decimal} pour les décimales et {thousands} entre les milliers", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessNulls = &Message{Code: "LAV-4718", Class: Warning,
		EN: Text{"null: {tokens}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"null : {tokens}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessPadding = &Message{Code: "LAV-4719", Class: Warning,
		EN: Text{"trim: {count} values have spaces around them where a number, a date or a code is wanted", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"trim : {count} valeurs ont des espaces autour, là où il faut un nombre, une date ou un code", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessAmbiguous = &Message{Code: "LAV-4720", Class: Warning,
		EN: Text{"column {column}: no day is above 12, so {format} and {other} both read every date; the first is proposed", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"colonne {column} : aucun jour ne dépasse 12, {format} et {other} lisent donc toutes les dates ; le premier est proposé", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessMixed = &Message{Code: "LAV-4721", Class: Warning,
		EN: Text{"column {column}: {count} of {values} values are {type}, the others are not, from line {line} on; it is text", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"colonne {column} : {count} valeurs sur {values} sont du type {type}, les autres non, à partir de la ligne {line} ; c'est du texte", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessSpreadsheet = &Message{Code: "LAV-4722", Class: Warning,
		EN: Text{"column {column}: {count} codes were destroyed by a spreadsheet, which made numbers of them", "have it exported again as text"},
		FR: Text{"colonne {column} : {count} codes ont été détruits par un tableur, qui en a fait des nombres", "faites refaire l'export en texte"}}
	GuessWrongKeys = &Message{Code: "LAV-4724", Class: Warning,
		EN: Text{"column {column}: {count} of {values} have the form of {type} and a key that is wrong", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"colonne {column} : {count} valeurs sur {values} ont la forme {type} et une clé fausse", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessMisfit = &Message{Code: "LAV-4725", Class: Row,
		EN: Text{"the value is not {type}", "declare the column as text, or have it corrected"},
		FR: Text{"la valeur n'est pas du type {type}", "déclarez la colonne en texte, ou faites corriger"}}
	GuessPersonal = &Message{Code: "LAV-4726", Class: Warning,
		EN: Text{"column {column} looks personal: {why}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"la colonne {column} paraît personnelle : {why}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessSchema = &Message{Code: "LAV-4727", Class: Warning,
		EN: Text{"schema: {found} of the {of} columns of {schema} are there", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"schéma : {found} des {of} colonnes de {schema} y sont", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessSignature = &Message{Code: "LAV-4728", Class: Warning,
		EN: Text{"format: the first bytes are those of {format}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"format : les premiers octets sont ceux de {format}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessContent = &Message{Code: "LAV-4729", Class: Warning,
		EN: Text{"format: the content is that of {format}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"format : le contenu est celui de {format}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessTable = &Message{Code: "LAV-4730", Class: Warning,
		EN: Text{"{option}: {name} holds {rows} rows, the most of {count}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"{option} : {name} a {rows} lignes, le plus parmi {count}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessPacked = &Message{Code: "LAV-4731", Class: Warning,
		EN: Text{"unpack: the first bytes are those of {kind}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"unpack : les premiers octets sont ceux de {kind}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessAgainst = &Message{Code: "LAV-4732", Class: Language,
		EN: Text{"the pipeline {pipeline} has no source \"file\" to compare with", "name another with --pipeline"},
		FR: Text{"le pipeline {pipeline} n'a pas de source \"file\" à comparer", "nommez-en un autre avec --pipeline"}}
	GuessManyPipelines = &Message{Code: "LAV-4733", Class: Language,
		EN: Text{"there are several pipelines: {pipelines}", "name one with --pipeline"},
		FR: Text{"il y a plusieurs pipelines : {pipelines}", "nommez-en un avec --pipeline"}}
	GuessDamaged = &Message{Code: "LAV-4734", Class: Refused,
		EN: Text{"the file is no {format} any more at byte {byte}", "have it exported again"},
		FR: Text{"le fichier n'est plus du {format} à l'octet {byte}", "faites refaire l'export"}}
	GuessLeftOut = &Message{Code: "LAV-4735", Class: Warning,
		EN: Text{"{path} is left out: it has up to {count} values for one row", "to make rows of them, write another pipeline whose record it is"},
		FR: Text{"{path} est laissé de côté : il a jusqu'à {count} valeurs pour une ligne", "pour en faire des lignes, écrivez un autre pipeline dont ce sont les enregistrements"}}
	GuessNumbersForCodes = &Message{Code: "LAV-4736", Class: Warning,
		EN: Text{"column {column}: {count} values are numbers in the file, so zeros in front may be lost; it is not declared", "have the column formatted as text and exported again"},
		FR: Text{"colonne {column} : {count} valeurs sont des nombres dans le fichier, des zéros de tête peuvent être perdus ; elle n'est pas déclarée", "faites mettre la colonne en texte et refaire l'export"}}
	GuessFolder = &Message{Code: "LAV-4737", Class: Environment,
		EN: Text{"{file} is a folder", "name one file of it; the pipeline that is proposed can then read all of the folder, with a star in its path"},
		FR: Text{"{file} est un dossier", "nommez un de ses fichiers ; le pipeline proposé peut ensuite lire tout le dossier, avec une étoile dans son path"}}
	GuessForeign = &Message{Code: "LAV-4738", Class: Refused,
		EN: Text{"the file is {kind}, whatever it is called", "have the same table exported as CSV or as a workbook"},
		FR: Text{"le fichier est {kind}, quel que soit son nom", "faites exporter le même tableau en CSV ou en classeur"}}
	GuessNoRows = &Message{Code: "LAV-4739", Class: Warning,
		EN: Text{"the file has names of columns and no row: every column is text until rows say more", "guess from an export that has rows"},
		FR: Text{"le fichier a des noms de colonnes et aucune ligne : toutes les colonnes sont du texte tant que des lignes n'en disent pas plus", "partez d'un export qui a des lignes"}}
	GuessRecord = &Message{Code: "LAV-4740", Class: Warning,
		EN: Text{"record: the root element is that of {schema}, whose rows are {name}", "if the file says otherwise, change the line that follows from it"},
		FR: Text{"record : l'élément racine est celui de {schema}, dont les lignes sont les {name}", "si le fichier dit autre chose, changez la ligne qui en découle"}}
	GuessLate = &Message{Code: "LAV-4741", Class: Warning,
		EN: Text{"{path} is left out: it stands behind the rows that it would go with", "nothing reads it in one passage; write another pipeline whose record it is"},
		FR: Text{"{path} est laissé de côté : il se trouve après les lignes qu'il accompagnerait", "rien ne le lit en un seul passage ; écrivez un autre pipeline dont c'est l'enregistrement"}}
	GuessOthers = &Message{Code: "LAV-4742", Class: Warning,
		EN: Text{"the file has other tables, which this pipeline does not read: {tables}", "for each that is wanted write a pipeline whose record it is"},
		FR: Text{"le fichier a d'autres tables, que ce pipeline ne lit pas : {tables}", "pour chacune qui est utile, écrivez un pipeline dont c'est l'enregistrement"}}
	GuessLayout = &Message{Code: "LAV-4743", Class: Warning,
		EN: Text{"fields: {count} of the first {lines} lines have what {schema} has at its positions", "compare with the description that comes with the file"},
		FR: Text{"fields : {count} des {lines} premières lignes ont ce que {schema} a à ses positions", "comparez avec la description qui accompagne le fichier"}}
	GuessSpans = &Message{Code: "LAV-4744", Class: Warning,
		EN: Text{"fields: all {lines} lines have {length} bytes, and {columns} columns are set apart by bytes that are a space in every line", "compare with the description that comes with the file"},
		FR: Text{"fields : les {lines} lignes ont toutes {length} octets, et {columns} colonnes sont séparées par des octets qui sont une espace dans toutes les lignes", "comparez avec la description qui accompagne le fichier"}}
	GuessJoined = &Message{Code: "LAV-4745", Class: Warning,
		EN: Text{"fields: bytes {span} may be several columns that touch each other, which no byte tells", "cut them where the description that comes with the file says"},
		FR: Text{"fields : les octets {span} sont peut-être plusieurs colonnes qui se touchent, ce qu'aucun octet ne dit", "coupez-les là où le dit la description qui accompagne le fichier"}}
	GuessNoSpans = &Message{Code: "LAV-4746", Class: Refused,
		EN: Text{"the columns of a file of fixed positions cannot be told from its bytes: {why}", "take the positions from the description that comes with the file and write them, as in format \"fixed\" { fields = { code = \"1-5\", libelle = \"6-45\", montant = \"46-57\" } }"},
		FR: Text{"les octets d'un fichier à positions fixes ne disent pas ses colonnes : {why}", "prenez les positions dans la description qui accompagne le fichier et écrivez-les, par exemple format \"fixed\" { fields = { code = \"1-5\", libelle = \"6-45\", montant = \"46-57\" } }"}}
	GuessMembers = &Message{Code: "LAV-4747", Class: Refused,
		EN: Text{"the archive holds {count} files, and no format recognises one of them", "give the format of what is in it with --format, or have the table exported as CSV or as a workbook"},
		FR: Text{"l'archive contient {count} fichiers, et aucun format n'en reconnaît un", "donnez le format de son contenu avec --format, ou faites exporter le tableau en CSV ou en classeur"}}
	GuessEncodingSaid = &Message{Code: "LAV-4748", Class: Warning,
		EN: Text{"encoding: the document says it is {encoding}", "nothing is to be written: it is read as it says"},
		FR: Text{"encodage : le document dit être en {encoding}", "rien à écrire : il est lu comme il le dit"}}
	GuessUnread = &Message{Code: "LAV-4749", Class: Warning,
		EN: Text{"without: columns that cannot be read are left out, their type or the file beside the table being what is not there: {columns}", "have the table exported with its files, or without these columns"},
		FR: Text{"without : des colonnes illisibles sont laissées de côté, leur type ou le fichier voisin de la table faisant défaut : {columns}", "faites exporter la table avec ses fichiers, ou sans ces colonnes"}}
)
