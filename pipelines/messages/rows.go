package messages

// Reasons for which a row is rejected, shared by sources and casts. Codes LAV-2500 to LAV-2999.
// Their parameters never hold what the cell held.
var rows = []*Message{
	BadInteger, BadNumber, BadDecimal, DecimalScale, Overflow, BadDate, NoSuchDay, BadInstant, AmbiguousInstant,
	BadCode, SpreadsheetCode,
	BadBoolean, DivisionByZero, LetterForDigit, RowExpression,
	DatePattern, UnknownZone,
}

var (
	BadInteger = &Message{Code: "LAV-2500", Class: Row,
		EN: Text{"not a whole number", "correct the cell, or declare the column as text"},
		FR: Text{"pas un nombre entier", "corrigez la cellule, ou déclarez la colonne en texte"}}
	BadNumber = &Message{Code: "LAV-2501", Class: Row,
		EN: Text{"not a number", "correct the cell, or declare the column as text"},
		FR: Text{"pas un nombre", "corrigez la cellule, ou déclarez la colonne en texte"}}
	BadDecimal = &Message{Code: "LAV-2502", Class: Row,
		EN: Text{"not an exact decimal number", "correct the cell, or declare the decimal and thousands separators of the file"},
		FR: Text{"pas un nombre décimal exact", "corrigez la cellule, ou déclarez les séparateurs décimal et de milliers du fichier"}}
	DecimalScale = &Message{Code: "LAV-2503", Class: Row,
		EN: Text{"more decimals than the {type} declared", "declare more decimals, or round on purpose with round()"},
		FR: Text{"plus de décimales que le {type} déclaré", "déclarez plus de décimales, ou arrondissez exprès avec round()"}}
	Overflow = &Message{Code: "LAV-2504", Class: Row,
		EN: Text{"too large for {type}", "declare a wider type"},
		FR: Text{"trop grand pour {type}", "déclarez un type plus large"}}
	BadDate = &Message{Code: "LAV-2505", Class: Row,
		EN: Text{"not a date written as {format}", "correct the cell, or declare the format the file uses"},
		FR: Text{"pas une date écrite {format}", "corrigez la cellule, ou déclarez le format du fichier"}}
	NoSuchDay = &Message{Code: "LAV-2506", Class: Row,
		EN: Text{"a day that does not exist", "correct the cell"},
		FR: Text{"un jour qui n'existe pas", "corrigez la cellule"}}
	BadInstant = &Message{Code: "LAV-2507", Class: Row,
		EN: Text{"not an instant written as {format}", "correct the cell, or declare the format and the zone the file uses"},
		FR: Text{"pas un instant écrit {format}", "corrigez la cellule, ou déclarez le format et le fuseau du fichier"}}
	AmbiguousInstant = &Message{Code: "LAV-2508", Class: Row,
		EN: Text{"a clock time that does not exist, or exists twice, in {zone} that day", "have the export write the offset from UTC"},
		FR: Text{"une heure qui n'existe pas, ou existe deux fois, à {zone} ce jour-là", "faites écrire le décalage UTC par l'export"}}
	BadBoolean = &Message{Code: "LAV-2509", Class: Row,
		EN: Text{"neither a yes nor a no", "correct the cell, or declare the words the file uses"},
		FR: Text{"ni un oui ni un non", "corrigez la cellule, ou déclarez les mots du fichier"}}
	DivisionByZero = &Message{Code: "LAV-2510", Class: Row,
		EN: Text{"division by zero", "guard it with a condition: row.b == 0 ? null : row.a / row.b"},
		FR: Text{"division par zéro", "protégez-la par une condition : row.b == 0 ? null : row.a / row.b"}}
	LetterForDigit = &Message{Code: "LAV-2511", Class: Row,
		EN: Text{"a letter where a digit should be (O for 0, I or l for 1)", "correct the cell"},
		FR: Text{"une lettre à la place d'un chiffre (O pour 0, I ou l pour 1)", "corrigez la cellule"}}
	BadCode = &Message{Code: "LAV-2513", Class: Row,
		EN: Text{"not written as a {type}", "correct the cell, or declare the column as text"},
		FR: Text{"pas écrit comme un {type}", "corrigez la cellule, ou déclarez la colonne en texte"}}
	SpreadsheetCode = &Message{Code: "LAV-2514", Class: Row,
		EN: Text{"a {type} destroyed by a spreadsheet: it was taken for a number, and zeros or digits are lost", "export again from the software, and do not save the file with a spreadsheet in between"},
		FR: Text{"un {type} détruit par un tableur : pris pour un nombre, il a perdu des zéros ou des chiffres", "refaites l'export depuis le logiciel, sans enregistrer le fichier avec un tableur entre-temps"}}
	RowExpression = &Message{Code: "LAV-2512", Class: Row,
		EN: Text{"the expression has no value for this row", "guard it with a condition or try()"},
		FR: Text{"l'expression n'a pas de valeur pour cette ligne", "protégez-la par une condition ou try()"}}
	DatePattern = &Message{Code: "LAV-2520", Class: Language,
		EN: Text{"{pattern} is not a pattern of a date: {why}", "write for instance \"DD/MM/YYYY\" or \"YYYY-MM-DD HH:mm:ss\""},
		FR: Text{"{pattern} n'est pas un format de date : {why}", "écrivez par exemple \"JJ/MM/AAAA\" ou \"YYYY-MM-DD HH:mm:ss\""}}
	UnknownZone = &Message{Code: "LAV-2521", Class: Language,
		EN: Text{"there is no time zone {zone}", "write an IANA name such as \"Europe/Paris\", \"Indian/Reunion\" or \"UTC\""},
		FR: Text{"le fuseau horaire {zone} n'existe pas", "écrivez un nom IANA comme \"Europe/Paris\", \"Indian/Reunion\" ou \"UTC\""}}
)
