package messages

// attacks: what a policy would let out although each of its rules is right alone.
// Codes LAV-4555 to LAV-4559.
var attacks = []*Message{QuasiNames, SensitiveSpellings, PublicBeside}

var (
	QuasiNames = &Message{Code: "LAV-4555", Class: Refused,
		EN: Text{"column {column} names persons ({because}): as a quasi-identifier its values would leave wherever enough rows have them, which may be those of one person", "give it an identifier block (drop, redact, partial), or min_level = 1 with a way to generalise; or, when it names nobody, write the reason in not_personal of its source"},
		FR: Text{"la colonne {column} nomme des personnes ({because}) : comme quasi-identifiant, ses valeurs sortiraient dès qu'assez de lignes les ont, qui peuvent être celles d'une seule personne", "donnez-lui un bloc identifier (drop, redact, partial), ou min_level = 1 avec une façon de regrouper ; ou, si elle ne nomme personne, écrivez-en la raison dans not_personal de sa source"}}
	SensitiveSpellings = &Message{Code: "LAV-4556", Class: Refused,
		EN: Text{"{count} values of the sensitive column {column} are written like others but for case, accents or spaces: each writing would count as a value of its own, and a class whose rows all mean the same would pass for a diverse one", "write each value in one way before the policy, with transform \"normalise\" or \"replace\""},
		FR: Text{"{count} valeurs de la colonne sensible {column} ne diffèrent d'autres que par la casse, les accents ou les espaces : chaque écriture compterait comme une valeur, et un groupe dont toutes les lignes veulent dire la même chose passerait pour divers", "écrivez chaque valeur d'une seule façon avant la politique, avec transform \"normalise\" ou \"replace\""}}
	PublicBeside = &Message{Code: "LAV-4557", Class: Refused,
		EN: Text{"the public column {column} is made of {source}, as column {other} is: it would leave as it is, and tell of each row what the rule of {other} takes away", "give {column} the role that {other} has (quasi, sensitive, text), or leave it out of public"},
		FR: Text{"la colonne publique {column} est faite de {source}, comme la colonne {other} : elle sortirait telle quelle, et dirait de chaque ligne ce que la règle de {other} retire", "donnez à {column} le rôle qu'a {other} (quasi, sensitive, text), ou retirez-la de public"}}
)
