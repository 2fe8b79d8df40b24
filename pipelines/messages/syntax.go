package messages

// What the library that reads HCL and JSON finds wrong, in the words of this
// catalogue. Codes LAV-1800 to LAV-1999.
var syntax = []*Message{
	hclBlockOpen, hclItem, hclOneLine, hclQuotedName, hclBlockEquals, hclBrace, hclLabel, hclAfterBlock,
	hclAfterValue, hclComma, hclNotHere, hclNeeded, hclLabels, hclElse, hclValue, hclNoExpression, hclNumber,
	hclParenthesis, hclArgumentComma, hclExpansionEnd, hclList, hclListComma, hclIndex, hclIndexKey,
	hclElementValue, hclElementEquals, hclObject, hclElementComma, hclAfterDot, hclStar, hclOldIndex, hclColons,
	hclForNames, hclForIn, hclForColon, hclForEnd, hclForList, hclForObject, hclText, hclTextPlain, hclTextItem,
	hclTextOpen, hclEscape, hclUnicode, hclTemplate, hclTemplateMore, hclDirectives, hclDirectiveOpen,
	hclDirectiveElse, hclDirective, hclDirectiveEnd, hclApostrophe, hclCurly, hclSemicolon, hclTab, hclBacktick,
	hclCharacter, hclUTF8, hclBits, hclPower, hclCall, hclStaticList, hclStaticObject, hclReference, hclNoNames,
	hclNoCalls, hclNullValue, hclNullKey, hclKey, hclNoSuchElement, hclNoElements, hclListAttribute,
	hclExpansion, hclTooFew, hclTooMany, hclArgument, hclCallFailed, hclBranches, hclNullCondition,
	hclCondition, hclAmbiguousKey, hclForWhat, hclForKeyTwice, hclOperand, hclOperation, hclNullInText,
	hclInText, jsonMore, jsonValue, jsonEnd, jsonName, jsonNoValue, jsonColon, jsonLastComma, jsonObject,
	jsonList, jsonComma, jsonListColon, jsonNumber, jsonText, jsonWord, jsonRoot, jsonBlock, jsonLabel,
}

var (
	hclBlockOpen = &Message{Code: "LAV-1800", Class: Language,
		EN: Text{"a block is not closed: there is no brace } for it before the end of the file", "add the brace; it may be missing from a block inside this one"},
		FR: Text{"un bloc n'est pas refermé : il n'y a pas d'accolade } pour lui avant la fin du fichier", "ajoutez l'accolade ; elle manque peut-être à un bloc intérieur"}}
	hclItem = &Message{Code: "LAV-1801", Class: Language,
		EN: Text{"an argument or a block should stand here", "write name = value for an argument, and name { … } for a block"},
		FR: Text{"il faut ici un argument ou un bloc", "écrivez nom = valeur pour un argument, nom { … } pour un bloc"}}
	hclOneLine = &Message{Code: "LAV-1802", Class: Language,
		EN: Text{"a block written on one line holds one argument, name = value, and its closing brace", "put each argument and block, and the closing brace, on a line of its own"},
		FR: Text{"un bloc écrit sur une ligne contient un seul argument, nom = valeur, et son accolade fermante", "mettez chaque argument, chaque bloc et l'accolade fermante sur une ligne à part"}}
	hclQuotedName = &Message{Code: "LAV-1803", Class: Language,
		EN: Text{"the name of an argument is written without quotation marks", "remove the quotation marks"},
		FR: Text{"le nom d'un argument s'écrit sans guillemets", "retirez les guillemets"}}
	hclBlockEquals = &Message{Code: "LAV-1804", Class: Language,
		EN: Text{"a block is written without an equals sign", "remove the =; only an argument has one"},
		FR: Text{"un bloc s'écrit sans signe =", "retirez le signe = ; seul un argument en a un"}}
	hclBrace = &Message{Code: "LAV-1805", Class: Language,
		EN: Text{"the brace { of a block stands on the line of its name", "write name { at the end of that line"},
		FR: Text{"l'accolade { d'un bloc s'écrit sur la même ligne que son nom", "écrivez nom { sur une seule ligne"}}
	hclLabel = &Message{Code: "LAV-1806", Class: Language,
		EN: Text{"a name in quotation marks, or the brace {, should stand here", "write for instance pipeline \"subventions\" {"},
		FR: Text{"il faut ici un nom entre guillemets, ou l'accolade {", "écrivez par exemple pipeline \"subventions\" {"}}
	hclAfterBlock = &Message{Code: "LAV-1807", Class: Language,
		EN: Text{"something follows a block on its line", "go to a new line after the brace }"},
		FR: Text{"quelque chose suit un bloc sur la même ligne", "allez à la ligne après l'accolade }"}}
	hclAfterValue = &Message{Code: "LAV-1808", Class: Language,
		EN: Text{"the value ends before the line does", "write one argument a line; equal is ==, and is &&, or is ||"},
		FR: Text{"la valeur s'arrête avant la fin de la ligne", "écrivez un argument par ligne ; une comparaison s'écrit ==, « et » &&, « ou » ||"}}
	hclComma = &Message{Code: "LAV-1809", Class: Language,
		EN: Text{"arguments are parted by line ends, not by commas", "remove the comma and go to a new line"},
		FR: Text{"les arguments se séparent par un retour à la ligne, pas par une virgule", "retirez la virgule et allez à la ligne"}}
	hclNotHere = &Message{Code: "LAV-1810", Class: Language,
		EN: Text{"{name} has no place here", "remove it, or correct its name"},
		FR: Text{"{name} n'a pas sa place ici", "retirez-le, ou corrigez son nom"}}
	hclNeeded = &Message{Code: "LAV-1811", Class: Language,
		EN: Text{"the argument {name} is missing", "add {name} = …"},
		FR: Text{"il manque l'argument {name}", "ajoutez {name} = …"}}
	hclLabels = &Message{Code: "LAV-1812", Class: Language,
		EN: Text{"{block} is not written with these labels", "write it with the names that it takes: lavoir describe and the reference show them"},
		FR: Text{"{block} ne s'écrit pas avec ces noms entre guillemets", "écrivez-le avec les noms qu'il prend : lavoir describe et la référence les montrent"}}
	hclElse = &Message{Code: "LAV-1813", Class: Language,
		EN: Text{"a condition has no value for the other case", "write condition ? value : other value"},
		FR: Text{"il manque à une condition la valeur du cas contraire", "écrivez condition ? valeur : autre valeur"}}
	hclValue = &Message{Code: "LAV-1814", Class: Language,
		EN: Text{"a value should stand here, and the file ends", "write the value"},
		FR: Text{"il faut ici une valeur, et le fichier s'arrête", "écrivez la valeur"}}
	hclNoExpression = &Message{Code: "LAV-1815", Class: Language,
		EN: Text{"no value begins like this", "write a text in quotation marks, a number, true, false, a list […], an object { … } or a name"},
		FR: Text{"aucune valeur ne commence ainsi", "écrivez un texte entre guillemets, un nombre, true, false, une liste […], un objet { … } ou un nom"}}
	hclNumber = &Message{Code: "LAV-1816", Class: Language,
		EN: Text{"this is not a number", "write digits, with a point before decimals: 1234.50"},
		FR: Text{"ceci n'est pas un nombre", "écrivez des chiffres, avec un point avant les décimales : 1234.50"}}
	hclParenthesis = &Message{Code: "LAV-1817", Class: Language,
		EN: Text{"a parenthesis is not closed", "add the )"},
		FR: Text{"une parenthèse n'est pas refermée", "ajoutez la parenthèse )"}}
	hclArgumentComma = &Message{Code: "LAV-1818", Class: Language,
		EN: Text{"a comma is missing between two arguments of a function", "add it, or the ) that ends the arguments"},
		FR: Text{"il manque une virgule entre deux arguments d'une fonction", "ajoutez-la, ou la parenthèse ) qui termine les arguments"}}
	hclExpansionEnd = &Message{Code: "LAV-1819", Class: Language,
		EN: Text{"after the ... of a list of arguments the parenthesis is closed", "write function(list...)"},
		FR: Text{"après les ... d'une liste d'arguments, la parenthèse se referme", "écrivez fonction(liste...)"}}
	hclList = &Message{Code: "LAV-1820", Class: Language,
		EN: Text{"a list is not closed", "add the bracket ]"},
		FR: Text{"une liste n'est pas refermée", "ajoutez le crochet ]"}}
	hclListComma = &Message{Code: "LAV-1821", Class: Language,
		EN: Text{"a comma is missing between two elements of a list", "add it, or the ] that ends the list"},
		FR: Text{"il manque une virgule entre deux éléments d'une liste", "ajoutez-la, ou le crochet ] qui termine la liste"}}
	hclIndex = &Message{Code: "LAV-1822", Class: Language,
		EN: Text{"the bracket of an index is not closed", "write name[0] or name[\"key\"]"},
		FR: Text{"le crochet d'un indice n'est pas refermé", "écrivez nom[0] ou nom[\"clé\"]"}}
	hclIndexKey = &Message{Code: "LAV-1823", Class: Language,
		EN: Text{"an index here is a number or a text in quotation marks", "write name[0] or name[\"key\"]"},
		FR: Text{"un indice est ici un nombre ou un texte entre guillemets", "écrivez nom[0] ou nom[\"clé\"]"}}
	hclElementValue = &Message{Code: "LAV-1824", Class: Language,
		EN: Text{"an element of an object has no value", "write name = value"},
		FR: Text{"un élément d'un objet n'a pas de valeur", "écrivez nom = valeur"}}
	hclElementEquals = &Message{Code: "LAV-1825", Class: Language,
		EN: Text{"the = after the name of an element is missing", "write name = value; a name with a space, a hyphen or a point in it stands in quotation marks"},
		FR: Text{"il manque le signe = après le nom d'un élément", "écrivez nom = valeur ; un nom avec une espace ou un point s'écrit entre guillemets"}}
	hclObject = &Message{Code: "LAV-1826", Class: Language,
		EN: Text{"an object is not closed", "add the brace }"},
		FR: Text{"un objet n'est pas refermé", "ajoutez l'accolade }"}}
	hclElementComma = &Message{Code: "LAV-1827", Class: Language,
		EN: Text{"a comma or a new line is missing between two elements of an object", "add it"},
		FR: Text{"il manque une virgule ou un retour à la ligne entre deux éléments d'un objet", "ajoutez-le"}}
	hclAfterDot = &Message{Code: "LAV-1828", Class: Language,
		EN: Text{"a name should stand after the point", "write it, or remove the point; a text with points in it stands in quotation marks"},
		FR: Text{"il faut un nom après le point", "écrivez-le, ou retirez le point ; un texte qui contient des points s'écrit entre guillemets"}}
	hclStar = &Message{Code: "LAV-1829", Class: Language,
		EN: Text{"a star has no place here", "name one element, or write [for x in list : x.name]"},
		FR: Text{"une étoile n'a pas sa place ici", "nommez un élément, ou écrivez [for x in liste : x.nom]"}}
	hclOldIndex = &Message{Code: "LAV-1830", Class: Language,
		EN: Text{"an index is written in brackets", "write {example}"},
		FR: Text{"un indice s'écrit entre crochets", "écrivez {example}"}}
	hclColons = &Message{Code: "LAV-1831", Class: Language,
		EN: Text{"a function is called by its name alone, without ::", "write name(…)"},
		FR: Text{"une fonction s'appelle par son seul nom, sans ::", "écrivez nom(…)"}}
	hclForNames = &Message{Code: "LAV-1832", Class: Language,
		EN: Text{"a for begins with the name of what it goes through", "write for x in list, or for key, value in object"},
		FR: Text{"un for commence par le nom de ce qu'il parcourt", "écrivez for x in liste, ou for clé, valeur in objet"}}
	hclForIn = &Message{Code: "LAV-1833", Class: Language,
		EN: Text{"the word in is missing from a for", "write for x in list"},
		FR: Text{"il manque le mot in dans un for", "écrivez for x in liste"}}
	hclForColon = &Message{Code: "LAV-1834", Class: Language,
		EN: Text{"the colon of a for is missing", "write [for x in list : value]"},
		FR: Text{"il manque le deux-points d'un for", "écrivez [for x in liste : valeur]"}}
	hclForEnd = &Message{Code: "LAV-1835", Class: Language,
		EN: Text{"something follows the end of a for", "close the bracket or the brace; a condition is written if … before it"},
		FR: Text{"quelque chose suit la fin d'un for", "refermez le crochet ou l'accolade ; une condition s'écrit if … avant"}}
	hclForList = &Message{Code: "LAV-1836", Class: Language,
		EN: Text{"a for that makes a list gives values, without keys and without the sign ... that gathers them", "write [for x in list : value], or { for x in list : key => value } for an object"},
		FR: Text{"un for qui fait une liste donne des valeurs, sans clés et sans le signe ... qui les réunit", "écrivez [for x in liste : valeur], ou { for x in liste : clé => valeur } pour un objet"}}
	hclForObject = &Message{Code: "LAV-1837", Class: Language,
		EN: Text{"a for that makes an object gives a key to each value", "write { for x in list : key => value }"},
		FR: Text{"un for qui fait un objet donne une clé à chaque valeur", "écrivez { for x in liste : clé => valeur }"}}
	hclText = &Message{Code: "LAV-1838", Class: Language,
		EN: Text{"a text in quotation marks should stand here", "write \"…\""},
		FR: Text{"il faut ici un texte entre guillemets", "écrivez \"…\""}}
	hclTextPlain = &Message{Code: "LAV-1839", Class: Language,
		EN: Text{"the text of a label is taken as it is, and {sign} has no place in it", "remove it, or double its first sign: $${ or %%{"},
		FR: Text{"un nom entre guillemets est pris tel quel, et {sign} n'y a pas sa place", "retirez-le, ou doublez son premier signe : $${ ou %%{"}}
	hclTextItem = &Message{Code: "LAV-1840", Class: Language,
		EN: Text{"this has no place in a text in quotation marks", "remove it"},
		FR: Text{"ceci n'a pas sa place dans un texte entre guillemets", "retirez-le"}}
	hclTextOpen = &Message{Code: "LAV-1841", Class: Language,
		EN: Text{"a quotation mark is not closed: a text in quotation marks stands on one line", "close it; a text of several lines is written <<-END … END"},
		FR: Text{"un guillemet n'est pas refermé : un texte entre guillemets tient sur une ligne", "refermez-le ; un texte de plusieurs lignes s'écrit <<-FIN … FIN"}}
	hclEscape = &Message{Code: "LAV-1842", Class: Language,
		EN: Text{"a backslash stands before what it cannot stand before", "in a path write / in its place, on Windows too; else write \\\\ for a backslash; with it one writes \\n, \\r, \\t, \\\" and \\u00e9"},
		FR: Text{"une barre oblique inverse est devant ce qu'elle ne peut pas précéder", "dans un chemin, écrivez / à sa place, sous Windows aussi ; ailleurs, écrivez \\\\ pour une barre oblique inverse ; elle sert à écrire \\n, \\r, \\t, \\\" et \\u00e9"}}
	hclUnicode = &Message{Code: "LAV-1843", Class: Language,
		EN: Text{"a character is written by its number, and this is none", "in a path write / in place of a backslash, on Windows too; else write \\u and four hexadecimal digits, or \\U and eight: \\u00e9"},
		FR: Text{"un caractère s'écrit par son numéro, et ceci n'en est pas un", "dans un chemin, écrivez / à la place de la barre oblique inverse, sous Windows aussi ; ailleurs, écrivez \\u et quatre chiffres hexadécimaux, ou \\U et huit : \\u00e9"}}
	hclTemplate = &Message{Code: "LAV-1844", Class: Language,
		EN: Text{"the ${ of a text is not closed", "add the brace }; to have ${ in the text itself, double the dollar: $${"},
		FR: Text{"le ${ d'un texte n'est pas refermé", "ajoutez l'accolade } ; pour écrire ${ tel quel, doublez le dollar : $${"}}
	hclTemplateMore = &Message{Code: "LAV-1845", Class: Language,
		EN: Text{"between ${ and } stands more than one value", "write one value; to have ${ in the text itself, double the dollar: $${"},
		FR: Text{"entre ${ et } il y a plus d'une valeur", "écrivez une seule valeur ; pour écrire ${ tel quel, doublez le dollar : $${"}}
	hclDirectives = &Message{Code: "LAV-1846", Class: Language,
		EN: Text{"the directives %{ … } of a text do not match", "end each %{ if … } with %{ endif } and each %{ for … } with %{ endfor }; to have %{ in the text itself, write %%{"},
		FR: Text{"les directives %{ … } d'un texte ne se répondent pas", "terminez chaque %{ if … } par %{ endif } et chaque %{ for … } par %{ endfor } ; pour écrire %{ tel quel, écrivez %%{"}}
	hclDirectiveOpen = &Message{Code: "LAV-1847", Class: Language,
		EN: Text{"a directive of a text is not ended where it should be: %{ {name} … }, at {where}", "end it with %{ end{name} }"},
		FR: Text{"une directive d'un texte n'est pas terminée là où il faut : %{ {name} … }, en {where}", "terminez-la par %{ end{name} }"}}
	hclDirectiveElse = &Message{Code: "LAV-1848", Class: Language,
		EN: Text{"a second %{ else } of an if, or one of a for, has no place", "remove it"},
		FR: Text{"un second %{ else } dans un if, ou un seul dans un for, n'a pas sa place", "retirez-le"}}
	hclDirective = &Message{Code: "LAV-1849", Class: Language,
		EN: Text{"%{ begins a directive: if, else, endif, for or endfor", "write one of them; to have %{ in the text itself, write %%{"},
		FR: Text{"%{ commence une directive : if, else, endif, for ou endfor", "écrivez l'une d'elles ; pour écrire %{ tel quel, écrivez %%{"}}
	hclDirectiveEnd = &Message{Code: "LAV-1850", Class: Language,
		EN: Text{"something follows the directive {name} before its brace", "remove it, or add the brace }"},
		FR: Text{"quelque chose suit la directive {name} avant son accolade", "retirez-le, ou ajoutez l'accolade }"}}
	hclApostrophe = &Message{Code: "LAV-1851", Class: Language,
		EN: Text{"an apostrophe does not enclose a text", "use quotation marks: \"…\""},
		FR: Text{"l'apostrophe n'entoure pas un texte", "utilisez les guillemets droits : \"…\""}}
	hclCurly = &Message{Code: "LAV-1852", Class: Language,
		EN: Text{"curly quotation marks do not enclose a text", "use straight ones: \"…\"; word processors change them"},
		FR: Text{"les guillemets “ ” n'entourent pas un texte", "utilisez les guillemets droits : \"…\" ; un traitement de texte les change"}}
	hclSemicolon = &Message{Code: "LAV-1853", Class: Language,
		EN: Text{"a semicolon has no place here", "write one argument a line, and commas between the elements of a list or the arguments of a function"},
		FR: Text{"le point-virgule n'a pas sa place ici", "écrivez un argument par ligne, et des virgules entre les éléments d'une liste ou les arguments d'une fonction"}}
	hclTab = &Message{Code: "LAV-1854", Class: Language,
		EN: Text{"a tab has no place here", "use spaces; lavoir fmt lays the file out"},
		FR: Text{"la tabulation n'a pas sa place ici", "utilisez des espaces ; lavoir fmt met le fichier en forme"}}
	hclBacktick = &Message{Code: "LAV-1855", Class: Language,
		EN: Text{"a backtick does not enclose a text", "use quotation marks: \"…\"; a text of several lines is written <<-END … END"},
		FR: Text{"l'accent grave n'entoure pas un texte", "utilisez les guillemets droits : \"…\" ; un texte de plusieurs lignes s'écrit <<-FIN … FIN"}}
	hclCharacter = &Message{Code: "LAV-1856", Class: Language,
		EN: Text{"this character has no meaning here", "remove it; a text stands in quotation marks"},
		FR: Text{"ce caractère n'a pas de sens ici", "retirez-le ; un texte s'écrit entre guillemets"}}
	hclUTF8 = &Message{Code: "LAV-1857", Class: Language,
		EN: Text{"the file is not UTF-8", "save it as UTF-8 in your editor"},
		FR: Text{"le fichier n'est pas en UTF-8", "enregistrez-le en UTF-8 dans votre éditeur"}}
	hclBits = &Message{Code: "LAV-1858", Class: Language,
		EN: Text{"there is no operator &, |, ^ or ~", "write && for and, || for or, ! for not"},
		FR: Text{"il n'y a pas d'opérateur &, |, ^ ou ~", "écrivez && pour « et », || pour « ou », ! pour « non »"}}
	hclPower = &Message{Code: "LAV-1859", Class: Language,
		EN: Text{"there is no operator **", "write the product out: x * x"},
		FR: Text{"il n'y a pas d'opérateur **", "écrivez le produit : x * x"}}
	hclCall = &Message{Code: "LAV-1860", Class: Language,
		EN: Text{"a call of a function should stand here", "write name(…)"},
		FR: Text{"il faut ici un appel de fonction", "écrivez nom(…)"}}
	hclStaticList = &Message{Code: "LAV-1861", Class: Language,
		EN: Text{"a list should stand here, written out", "write [a, b]"},
		FR: Text{"il faut ici une liste, écrite en toutes lettres", "écrivez [a, b]"}}
	hclStaticObject = &Message{Code: "LAV-1862", Class: Language,
		EN: Text{"an object should stand here, written out", "write { name = value }"},
		FR: Text{"il faut ici un objet, écrit en toutes lettres", "écrivez { nom = valeur }"}}
	hclReference = &Message{Code: "LAV-1863", Class: Language,
		EN: Text{"only a name should stand here, without a calculation", "write a name such as local.x or row[\"nom\"]"},
		FR: Text{"il ne faut ici qu'un nom, sans calcul", "écrivez un nom comme local.x ou row[\"nom\"]"}}
	hclNoNames = &Message{Code: "LAV-1864", Class: Language,
		EN: Text{"names cannot be used here", "write the value itself"},
		FR: Text{"on ne peut pas utiliser de nom ici", "écrivez la valeur elle-même"}}
	hclNoCalls = &Message{Code: "LAV-1865", Class: Language,
		EN: Text{"functions cannot be called here", "write the value itself"},
		FR: Text{"on ne peut pas appeler de fonction ici", "écrivez la valeur elle-même"}}
	hclNullValue = &Message{Code: "LAV-1866", Class: Language,
		EN: Text{"this value is null, and has no elements", "give it a value, or test it: x == null ? … : x.name"},
		FR: Text{"cette valeur est nulle, et n'a pas d'éléments", "donnez-lui une valeur, ou testez-la : x == null ? … : x.nom"}}
	hclNullKey = &Message{Code: "LAV-1867", Class: Language,
		EN: Text{"a key is null", "give it a value"},
		FR: Text{"une clé est nulle", "donnez-lui une valeur"}}
	hclKey = &Message{Code: "LAV-1868", Class: Language,
		EN: Text{"this cannot be a key: {why}", "give a text, or the number of an element"},
		FR: Text{"ceci ne peut pas être une clé : {why}", "donnez un texte, ou le numéro d'un élément"}}
	hclNoSuchElement = &Message{Code: "LAV-1869", Class: Language,
		EN: Text{"there is no such element", "correct the key, or add what is missing"},
		FR: Text{"il n'y a pas d'élément pour cette clé", "corrigez la clé, ou ajoutez ce qui manque"}}
	hclNoElements = &Message{Code: "LAV-1870", Class: Language,
		EN: Text{"this value has no elements", "take it as it is: it is neither a list nor an object"},
		FR: Text{"cette valeur n'a pas d'éléments", "prenez-la telle quelle : ce n'est ni une liste ni un objet"}}
	hclListAttribute = &Message{Code: "LAV-1871", Class: Language,
		EN: Text{"a list has no element by that name", "take one of its elements first, list[0].name, or all of them, [for x in list : x.name]"},
		FR: Text{"une liste n'a pas d'élément de ce nom", "prenez d'abord un de ses éléments, liste[0].nom, ou tous, [for x in liste : x.nom]"}}
	hclExpansion = &Message{Code: "LAV-1872", Class: Language,
		EN: Text{"what stands before ... must be a list", "give a list that is not null"},
		FR: Text{"ce qui précède ... doit être une liste", "donnez une liste qui n'est pas nulle"}}
	hclTooFew = &Message{Code: "LAV-1873", Class: Language,
		EN: Text{"the function {name} lacks an argument: {missing}", "add it; the function takes {count}"},
		FR: Text{"il manque un argument à la fonction {name} : {missing}", "ajoutez-le ; la fonction en prend {count}"}}
	hclTooMany = &Message{Code: "LAV-1874", Class: Language,
		EN: Text{"the function {name} has too many arguments", "remove some; it takes {count}"},
		FR: Text{"la fonction {name} a trop d'arguments", "retirez-en ; elle en prend {count}"}}
	hclArgument = &Message{Code: "LAV-1875", Class: Language,
		EN: Text{"the function {function} cannot use its argument {name}: {why}", "correct the value"},
		FR: Text{"la fonction {function} ne peut pas utiliser son argument {name} : {why}", "corrigez la valeur"}}
	hclCallFailed = &Message{Code: "LAV-1876", Class: Language,
		EN: Text{"the function {name} finds no result: {why}", "correct its arguments"},
		FR: Text{"la fonction {name} ne donne pas de résultat : {why}", "corrigez ses arguments"}}
	hclBranches = &Message{Code: "LAV-1877", Class: Language,
		EN: Text{"the two values of a condition are of different kinds: {why}", "give two texts, two numbers, or two lists or objects alike"},
		FR: Text{"les deux valeurs d'une condition ne sont pas de même nature : {why}", "donnez deux textes, deux nombres, ou deux listes ou objets semblables"}}
	hclNullCondition = &Message{Code: "LAV-1878", Class: Language,
		EN: Text{"a condition is null", "make it true or false: x == null tests for null"},
		FR: Text{"une condition est nulle", "faites qu'elle soit vraie ou fausse : x == null teste si c'est nul"}}
	hclCondition = &Message{Code: "LAV-1879", Class: Language,
		EN: Text{"a condition is true or false, and this is neither", "write a comparison, for instance x == \"oui\""},
		FR: Text{"une condition est vraie ou fausse, et ceci n'est ni l'un ni l'autre", "écrivez une comparaison, par exemple x == \"oui\""}}
	hclAmbiguousKey = &Message{Code: "LAV-1880", Class: Language,
		EN: Text{"a key with points in it is a text or a reference, and this does not say which", "write \"a.b\" for the text, (a.b) for the reference"},
		FR: Text{"une clé avec des points est un texte ou une référence, et rien ne dit lequel", "écrivez \"a.b\" pour le texte, (a.b) pour la référence"}}
	hclForWhat = &Message{Code: "LAV-1881", Class: Language,
		EN: Text{"a for goes through a list or an object, and this is neither", "give a list or an object"},
		FR: Text{"un for parcourt une liste ou un objet, et ceci n'est ni l'un ni l'autre", "donnez une liste ou un objet"}}
	hclForKeyTwice = &Message{Code: "LAV-1882", Class: Language,
		EN: Text{"a for gives two values the key {key}", "make the keys differ, or write value... to gather the values of each key"},
		FR: Text{"un for donne la clé {key} à deux valeurs", "faites que les clés diffèrent, ou écrivez valeur... pour réunir les valeurs de chaque clé"}}
	hclOperand = &Message{Code: "LAV-1883", Class: Language,
		EN: Text{"an operator cannot use the value beside it: {why}", "correct the value, or turn it into the other kind with tonumber or tostring"},
		FR: Text{"un opérateur ne peut pas utiliser la valeur voisine : {why}", "corrigez la valeur, ou changez sa nature avec tonumber ou tostring"}}
	hclOperation = &Message{Code: "LAV-1884", Class: Language,
		EN: Text{"a calculation has no result: {why}", "correct its values"},
		FR: Text{"un calcul n'a pas de résultat : {why}", "corrigez ses valeurs"}}
	hclNullInText = &Message{Code: "LAV-1885", Class: Language,
		EN: Text{"a text cannot take in a value that is null", "give it a value, or another one for that case: ${x == null ? \"\" : x}"},
		FR: Text{"un texte ne peut pas contenir une valeur nulle", "donnez-lui une valeur, ou une autre pour ce cas : ${x == null ? \"\" : x}"}}
	hclInText = &Message{Code: "LAV-1886", Class: Language,
		EN: Text{"a text cannot take in this value: {why}", "give a text or a number; join makes a text of a list"},
		FR: Text{"un texte ne peut pas contenir cette valeur : {why}", "donnez un texte ou un nombre ; join fait un texte d'une liste"}}
	jsonMore = &Message{Code: "LAV-1887", Class: Language,
		EN: Text{"something follows the end of the JSON value", "remove it, or look for a brace too many above"},
		FR: Text{"quelque chose suit la fin de la valeur JSON", "retirez-le, ou cherchez plus haut une accolade de trop"}}
	jsonValue = &Message{Code: "LAV-1888", Class: Language,
		EN: Text{"a JSON value should stand here", "write a text in quotation marks, a number, true, false, null, [ … ] or { … }"},
		FR: Text{"il faut ici une valeur JSON", "écrivez un texte entre guillemets, un nombre, true, false, null, [ … ] ou { … }"}}
	jsonEnd = &Message{Code: "LAV-1889", Class: Language,
		EN: Text{"the JSON text ends in the middle", "write the value that is missing, and close what is open"},
		FR: Text{"le texte JSON s'arrête au milieu", "écrivez la valeur qui manque, et refermez ce qui est ouvert"}}
	jsonName = &Message{Code: "LAV-1890", Class: Language,
		EN: Text{"the name of a JSON property stands in quotation marks", "write \"name\": value"},
		FR: Text{"le nom d'une propriété JSON s'écrit entre guillemets", "écrivez \"nom\": valeur"}}
	jsonNoValue = &Message{Code: "LAV-1891", Class: Language,
		EN: Text{"a JSON property has no value", "write \"name\": value"},
		FR: Text{"une propriété JSON n'a pas de valeur", "écrivez \"nom\": valeur"}}
	jsonColon = &Message{Code: "LAV-1892", Class: Language,
		EN: Text{"the colon after the name of a JSON property is missing", "write \"name\": value, without ="},
		FR: Text{"il manque le deux-points après le nom d'une propriété JSON", "écrivez \"nom\": valeur, sans signe ="}}
	jsonLastComma = &Message{Code: "LAV-1893", Class: Language,
		EN: Text{"a comma follows the last element", "remove it"},
		FR: Text{"une virgule suit le dernier élément", "retirez-la"}}
	jsonObject = &Message{Code: "LAV-1894", Class: Language,
		EN: Text{"a JSON object is not closed by a brace", "add the brace }"},
		FR: Text{"un objet JSON n'est pas refermé par une accolade", "ajoutez l'accolade }"}}
	jsonList = &Message{Code: "LAV-1895", Class: Language,
		EN: Text{"a JSON list is not closed by a bracket", "add the bracket ]"},
		FR: Text{"une liste JSON n'est pas refermée par un crochet", "ajoutez le crochet ]"}}
	jsonComma = &Message{Code: "LAV-1896", Class: Language,
		EN: Text{"a comma is missing between two JSON elements", "add it"},
		FR: Text{"il manque une virgule entre deux éléments JSON", "ajoutez-la"}}
	jsonListColon = &Message{Code: "LAV-1897", Class: Language,
		EN: Text{"a JSON list holds values without names", "remove the name, or write { … } for an object"},
		FR: Text{"une liste JSON contient des valeurs sans nom", "retirez le nom, ou écrivez { … } pour un objet"}}
	jsonNumber = &Message{Code: "LAV-1898", Class: Language,
		EN: Text{"this is not a JSON number", "write digits, with a point before decimals and no zero in front: 1234.50"},
		FR: Text{"ceci n'est pas un nombre JSON", "écrivez des chiffres, avec un point avant les décimales et sans zéro devant : 1234.50"}}
	jsonText = &Message{Code: "LAV-1899", Class: Language,
		EN: Text{"this is not a JSON text", "close the quotation mark on its line; a backslash is written \\\\"},
		FR: Text{"ceci n'est pas un texte JSON", "refermez le guillemet sur sa ligne ; une barre oblique inverse s'écrit \\\\"}}
	jsonWord = &Message{Code: "LAV-1900", Class: Language,
		EN: Text{"{name} is no JSON value", "write true, false or null, or quotation marks around a text"},
		FR: Text{"{name} n'est pas une valeur JSON", "écrivez true, false ou null, ou mettez un texte entre guillemets"}}
	jsonRoot = &Message{Code: "LAV-1901", Class: Language,
		EN: Text{"a .hcl.json file holds an object, or a list of objects", "begin it with { and end it with }"},
		FR: Text{"un fichier .hcl.json contient un objet, ou une liste d'objets", "commencez-le par { et finissez-le par }"}}
	jsonBlock = &Message{Code: "LAV-1902", Class: Language,
		EN: Text{"a block is written as a JSON object, or as a list of them", "write { … } with its arguments"},
		FR: Text{"un bloc s'écrit comme un objet JSON, ou comme une liste d'objets", "écrivez { … } avec ses arguments"}}
	jsonLabel = &Message{Code: "LAV-1903", Class: Language,
		EN: Text{"a block with labels is written as a JSON object whose names are its labels ({label})", "write { \"…\": { … } }"},
		FR: Text{"un bloc avec des noms s'écrit comme un objet JSON qui porte ces noms ({label})", "écrivez { \"…\": { … } }"}}
)
