package messages

// trees: the codecs of XML and JSON. Codes LAV-4200 to LAV-4259.
var trees = []*Message{
	TreeOption, TreePath, TreeNoColumn, TreeRecordTooLong, TreeEndsEarly, TreeUnreadable, TreeRepeated, TreeLate, TreeTooLarge,
	XMLMalformed, XMLEncoding, XMLDoctype, XMLEntity, XMLCharacter, XMLMixed, XMLNoRecord,
	JSONMalformed, JSONBadLine, JSONKeyTwice, JSONNotObject, JSONNotThere, JSONNoRecords, JSONBadText, JSONMark, JSONOuter, JSONNotANumber,
}

var (
	TreeOption = &Message{Code: "LAV-4200", Class: Language,
		EN: Text{"{option}: {why}", "correct the value"},
		FR: Text{"{option} : {why}", "corrigez la valeur"}}
	TreePath = &Message{Code: "LAV-4201", Class: Language,
		EN: Text{"{path} is not a path of {option}: {why}", "write one like {example}"},
		FR: Text{"{path} n'est pas un chemin pour {option} : {why}", "écrivez-en un comme {example}"}}
	TreeNoColumn = &Message{Code: "LAV-4202", Class: Language,
		EN: Text{"{option} names column {column}, which fields does not give", "add it to fields, or correct the name; {hint}"},
		FR: Text{"{option} nomme la colonne {column}, que fields ne donne pas", "ajoutez-la à fields, ou corrigez le nom ; {hint}"}}
	TreeRecordTooLong = &Message{Code: "LAV-4203", Class: Failed,
		EN: Text{"what starts at line {line} of file {file} is longer than {bound}", "check that record names the small element that repeats, not one that holds them all; else the file is damaged there"},
		FR: Text{"ce qui commence à la ligne {line} du fichier {file} dépasse {bound}", "vérifiez que record nomme le petit élément qui se répète, et non celui qui les contient tous ; sinon le fichier est abîmé à cet endroit"}}
	TreeEndsEarly = &Message{Code: "LAV-4204", Class: Failed,
		EN: Text{"file {file} ends early, at line {line}: {why}", "have it exported or transferred again: it was cut short"},
		FR: Text{"le fichier {file} se termine trop tôt, à la ligne {line} : {why}", "refaites l'export ou le transfert : il a été tronqué"}}
	TreeUnreadable = &Message{Code: "LAV-4205", Class: Row,
		EN: Text{"a byte (number {byte} of the record) that is no text in {encoding}", "have the file exported again in the encoding it declares"},
		FR: Text{"un octet (numéro {byte} de l'enregistrement) qui n'est pas du texte en {encoding}", "refaites l'export dans l'encodage que le fichier déclare"}}
	TreeRepeated = &Message{Code: "LAV-4206", Class: Row,
		EN: Text{"the value of the column comes more than once", "declare the column as list(text), or say how to join its values with join"},
		FR: Text{"la valeur de la colonne vient plus d'une fois", "déclarez la colonne en list(text), ou dites avec join comment réunir ses valeurs"}}
	TreeLate = &Message{Code: "LAV-4207", Class: Failed,
		EN: Text{"a value of column {column} stands at line {line} of file {file}, after records it belongs to", "a file is read once, from its start: take the value from within the record, or leave the column out"},
		FR: Text{"une valeur de la colonne {column} est à la ligne {line} du fichier {file}, après des enregistrements dont elle fait partie", "un fichier est lu une fois, depuis le début : prenez la valeur dans l'enregistrement même, ou retirez la colonne"}}
	TreeTooLarge = &Message{Code: "LAV-4208", Class: Failed,
		EN: Text{"a value of column {column} at line {line} of file {file} is longer than {bound}, too long for one that goes with every record", "leave the column out, or take it from within the record"},
		FR: Text{"une valeur de la colonne {column} à la ligne {line} du fichier {file} dépasse {bound}, trop pour accompagner chaque enregistrement", "retirez la colonne, ou prenez-la dans l'enregistrement même"}}

	XMLMalformed = &Message{Code: "LAV-4220", Class: Failed,
		EN: Text{"file {file} is not well-formed XML at line {line}: {why}", "have it exported again; what cannot be read exactly is not read"},
		FR: Text{"le fichier {file} n'est pas du XML bien formé à la ligne {line} : {why}", "refaites l'export ; ce qui ne peut être lu exactement n'est pas lu"}}
	XMLEncoding = &Message{Code: "LAV-4221", Class: Refused,
		EN: Text{"the encoding of file {file} cannot be told: {why}", "have it exported with a declaration that is true, such as <?xml version=\"1.0\" encoding=\"UTF-8\"?>"},
		FR: Text{"l'encodage du fichier {file} est indéterminé : {why}", "refaites l'export avec une déclaration exacte, comme <?xml version=\"1.0\" encoding=\"UTF-8\"?>"}}
	XMLDoctype = &Message{Code: "LAV-4222", Class: Refused,
		EN: Text{"file {file} has a document type declaration (<!DOCTYPE) at line {line}", "have it exported without: what it can define, entities and external files, is never read"},
		FR: Text{"le fichier {file} a une déclaration de type de document (<!DOCTYPE) à la ligne {line}", "refaites l'export sans elle : ce qu'elle peut définir, entités et fichiers externes, n'est jamais lu"}}
	XMLEntity = &Message{Code: "LAV-4223", Class: Row,
		EN: Text{"{entity} in text, which is none of the five entities of XML", "have the software write the character itself, or &amp; where it meant an ampersand"},
		FR: Text{"{entity} dans un texte, qui n'est aucune des cinq entités de XML", "faites écrire le caractère lui-même par le logiciel, ou &amp; s'il voulait une esperluette"}}
	XMLCharacter = &Message{Code: "LAV-4224", Class: Row,
		EN: Text{"a character that XML does not allow", "have the software leave control characters out"},
		FR: Text{"un caractère que XML n'admet pas", "faites retirer les caractères de contrôle par le logiciel"}}
	XMLMixed = &Message{Code: "LAV-4225", Class: Row,
		EN: Text{"the element of the column holds other elements, not text alone", "name the element within that holds the text, as in fields = { nom = \"tiers/nom\" }"},
		FR: Text{"l'élément de la colonne contient d'autres éléments, pas seulement du texte", "nommez l'élément intérieur qui contient le texte, comme fields = { nom = \"tiers/nom\" }"}}
	XMLNoRecord = &Message{Code: "LAV-4227", Class: Refused,
		EN: Text{"file {file} has no element {path}, nor one that could hold it", "check that the file is the right one, and record; upper and lower case count"},
		FR: Text{"le fichier {file} n'a pas d'élément {path}, ni d'élément qui pourrait le contenir", "vérifiez que c'est le bon fichier, et record ; majuscules et minuscules comptent"}}

	JSONMalformed = &Message{Code: "LAV-4240", Class: Failed,
		EN: Text{"file {file} is not JSON at line {line}: {why}", "have it exported again; what cannot be read exactly is not read"},
		FR: Text{"le fichier {file} n'est pas du JSON à la ligne {line} : {why}", "refaites l'export ; ce qui ne peut être lu exactement n'est pas lu"}}
	JSONBadLine = &Message{Code: "LAV-4241", Class: Row,
		EN: Text{"the line is not JSON: {why}", "have the line exported again, one object a line"},
		FR: Text{"la ligne n'est pas du JSON : {why}", "refaites l'export de la ligne, un objet par ligne"}}
	JSONKeyTwice = &Message{Code: "LAV-4242", Class: Row,
		EN: Text{"an object has the same key twice", "have the software write each key once: which value counts is anybody's guess"},
		FR: Text{"un objet a deux fois la même clé", "faites écrire chaque clé une seule fois par le logiciel : rien ne dit quelle valeur compte"}}
	JSONNotObject = &Message{Code: "LAV-4243", Class: Row,
		EN: Text{"the record is {got}, not an object", "check record: it names the array whose elements are objects"},
		FR: Text{"l'enregistrement est {got}, pas un objet", "vérifiez record : il nomme le tableau dont les éléments sont des objets"}}
	JSONNotThere = &Message{Code: "LAV-4244", Class: Row,
		EN: Text{"{got} on the path of the column, where {wanted} should be", "correct the path in fields; elements of an array are taken with [] (one row each) or [0], texts of one as list(text)"},
		FR: Text{"{got} sur le chemin de la colonne, là où il faudrait {wanted}", "corrigez le chemin dans fields ; les éléments d'un tableau se prennent avec [] (une ligne chacun) ou [0], ses textes en list(text)"}}
	JSONNoRecords = &Message{Code: "LAV-4245", Class: Refused,
		EN: Text{"file {file} has nothing at {path}", "check that the file is the right one, and record; upper and lower case count"},
		FR: Text{"le fichier {file} n'a rien à {path}", "vérifiez que c'est le bon fichier, et record ; majuscules et minuscules comptent"}}
	JSONBadText = &Message{Code: "LAV-4246", Class: Row,
		EN: Text{"an escape that stands for no character", "have the software write the character itself, in UTF-8"},
		FR: Text{"une séquence d'échappement qui ne désigne aucun caractère", "faites écrire le caractère lui-même par le logiciel, en UTF-8"}}
	JSONNotANumber = &Message{Code: "LAV-4249", Class: Row,
		EN: Text{"NaN or Infinity, which JSON does not have", "have the software write null where there is no number"},
		FR: Text{"NaN ou Infinity, que JSON n'a pas", "faites écrire null par le logiciel là où il n'y a pas de nombre"}}
	JSONMark = &Message{Code: "LAV-4247", Class: Refused,
		EN: Text{"file {file} is in UTF-16, and JSON is UTF-8", "have it exported in UTF-8"},
		FR: Text{"le fichier {file} est en UTF-16, et JSON est en UTF-8", "refaites l'export en UTF-8"}}
	JSONOuter = &Message{Code: "LAV-4248", Class: Failed,
		EN: Text{"at line {line} of file {file} the value of column {column} is {got}, where a text, a number, true or false should be", "correct the path in fields"},
		FR: Text{"à la ligne {line} du fichier {file}, la valeur de la colonne {column} est {got}, là où il faudrait un texte, un nombre, true ou false", "corrigez le chemin dans fields"}}
)
