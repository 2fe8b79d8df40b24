package messages

// freetexts: free text in privacy policies, its review, what the gate finds in texts,
// and schemas whose columns are public. Codes LAV-4360 to LAV-4379.
var freetexts = []*Message{
	WrongText, NoFreeText, TextNamesPersons, TextList, TermLine, WrongExpect, GateTexts, TextFound, TextDoubtful,
	NotReviewed, NothingToReview, SheetPlain, SheetUnwritten, NoTextToReview, SchemaUnreadable, SchemaUnpinned, SchemaChanged, SchemaFields,
}

var (
	WrongText = &Message{Code: "LAV-4360", Class: Language,
		EN: Text{"text {column}: {why}", "leave action out, and the column does not leave; action = \"redact\" takes review = \"human\", sole_traders, first_names and terms"},
		FR: Text{"text {column} : {why}", "retirez action, et la colonne ne sort pas ; action = \"redact\" demande review = \"human\" et prend sole_traders, first_names et terms"}}
	NoFreeText = &Message{Code: "LAV-4361", Class: Language,
		EN: Text{"column {column} is {got}, and has no text to redact", "give it another role, or convert it to text first with transform \"cast\""},
		FR: Text{"la colonne {column} est de type {got}, et n'a pas de texte à caviarder", "donnez-lui un autre rôle, ou convertissez-la d'abord en texte avec transform \"cast\""}}
	TextNamesPersons = &Message{Code: "LAV-4362", Class: Refused,
		EN: Text{"column {column} names persons ({because}): rules for free text find a name by its civility or first name, and a name alone not at all", "give it an identifier block; or, when it is free text, write the reason in not_personal of its source"},
		FR: Text{"la colonne {column} nomme des personnes ({because}) : les règles du texte libre trouvent un nom à sa civilité ou à son prénom, et un nom seul pas du tout", "donnez-lui un bloc identifier ; ou, si c'est du texte libre, écrivez-en la raison dans not_personal de sa source"}}
	TextList = &Message{Code: "LAV-4363", Class: Language,
		EN: Text{"the file of {argument} of text {column} cannot be read: {why}", "give {argument} a path that is relative to the project's folder, and put the file there: UTF-8, one entry a line"},
		FR: Text{"le fichier de {argument} de text {column} est illisible : {why}", "donnez à {argument} un chemin relatif au dossier du projet, et mettez-y le fichier : UTF-8, une entrée par ligne"}}
	TermLine = &Message{Code: "LAV-4364", Class: Language,
		EN: Text{"line {line} of the list of terms is not a term, or is a word of what stands in the place of passages", "write one word or expression per line, of Latin letters, digits, spaces, hyphens and apostrophes; words such as nom, date or adresse cannot be in it"},
		FR: Text{"la ligne {line} de la liste de termes n'est pas un terme, ou est un mot de ce qui remplace les passages", "écrivez un mot ou une expression par ligne, en lettres latines, chiffres, espaces, traits d'union et apostrophes ; des mots comme nom, date ou adresse ne peuvent pas y être"}}
	WrongExpect = &Message{Code: "LAV-4365", Class: Language,
		EN: Text{"expect {column}: {why}", "write expect \"courriel\" { kinds = [\"email\"], reason = \"address of the association\" } for a column that leaves; kinds: {kinds}"},
		FR: Text{"expect {column} : {why}", "écrivez expect \"courriel\" { kinds = [\"email\"], reason = \"adresse de l'association\" } pour une colonne qui sort ; kinds : {kinds}"}}
	GateTexts = &Message{Code: "LAV-4367", Class: Refused,
		EN: Text{"the texts of the sealed file {file} hold what names persons: {found}", "nothing was published; give the column a text or identifier block, leave it out, or, when it is right to publish that, say so with expect \"<column>\" { kinds, reason }; for a while an approver can also accept so many in a public column: lavoir accept privacy --rule text_<kind> --column <column>"},
		FR: Text{"les textes du fichier scellé {file} contiennent de quoi nommer des personnes : {found}", "rien n'a été publié ; donnez à la colonne un bloc text ou identifier, retirez-la, ou, s'il est légitime de publier cela, dites-le par expect \"<colonne>\" { kinds, reason } ; pour un temps, un approbateur peut aussi en accepter un nombre dans une colonne publique : lavoir accept privacy --rule text_<genre> --column <colonne>"}}
	TextFound = &Message{Code: "LAV-4368", Class: Refused,
		EN: Text{"column {column} has {count} of kind {kind}", "see kinds of expect in the reference of privacy policies"},
		FR: Text{"la colonne {column} en a {count} du genre {kind}", "voyez kinds de expect dans la référence des politiques de confidentialité"}}
	TextDoubtful = &Message{Code: "LAV-4369", Class: Warning,
		EN: Text{"column {column} is published with what may name persons: {found}", "look at it with lavoir preview; if it is right, say so with expect \"{column}\" { kinds, reason }"},
		FR: Text{"la colonne {column} est publiée avec ce qui peut nommer des personnes : {found}", "regardez-la avec lavoir preview ; si c'est légitime, dites-le par expect \"{column}\" { kinds, reason }"}}
	NotReviewed = &Message{Code: "LAV-4370", Class: Refused,
		EN: Text{"nobody has accepted the review of the texts of {columns} under this policy", "draw a sheet with lavoir privacy review --pipeline {pipeline}, have a person read it, then run: lavoir accept privacy --rule review --column {column}"},
		FR: Text{"personne n'a accepté la relecture des textes de {columns} sous cette politique", "tirez une feuille avec lavoir privacy review --pipeline {pipeline}, faites-la lire, puis lancez : lavoir accept privacy --rule review --column {column}"}}
	NothingToReview = &Message{Code: "LAV-4371", Class: Language,
		EN: Text{"no selected pipeline redacts a text column", "choose a pipeline whose policy has text \"<column>\" { action = \"redact\" }"},
		FR: Text{"aucun pipeline sélectionné ne caviarde de colonne de texte", "choisissez un pipeline dont la politique a text \"<colonne>\" { action = \"redact\" }"}}
	SheetPlain = &Message{Code: "LAV-4372", Class: Warning,
		EN: Text{"the sheet {path} holds texts in clear: the project has no quarantine recipients to encrypt it to", "delete it once it was read; with quarantine = [\"age1…\"] in the project block the next one is encrypted"},
		FR: Text{"la feuille {path} contient des textes en clair : le projet n'a pas de destinataires quarantine pour qui la chiffrer", "supprimez-la dès qu'elle est lue ; avec quarantine = [\"age1…\"] dans le bloc project, la prochaine est chiffrée"}}
	SheetUnwritten = &Message{Code: "LAV-4373", Class: Environment,
		EN: Text{"the sheet {path} could not be written: {why}", "check the folder and the rights, or choose another place with --out; a file that is there is never written over"},
		FR: Text{"la feuille {path} n'a pas pu être écrite : {why}", "vérifiez le dossier et les droits, ou choisissez un autre endroit avec --out ; un fichier qui existe n'est jamais remplacé"}}
	NoTextToReview = &Message{Code: "LAV-4374", Class: Warning,
		EN: Text{"column {column} of pipeline {pipeline} has no text in the selected tasks", "select tasks that have rows"},
		FR: Text{"la colonne {column} du pipeline {pipeline} n'a aucun texte dans les tâches sélectionnées", "sélectionnez des tâches qui ont des lignes"}}
	SchemaUnreadable = &Message{Code: "LAV-4375", Class: Language,
		EN: Text{"the file of schema {name} cannot be read: {why}", "give file a path that is relative to the project's folder, and put a table schema (JSON, with fields) there"},
		FR: Text{"le fichier du schéma {name} est illisible : {why}", "donnez à file un chemin relatif au dossier du projet, et mettez-y un schéma de table (JSON, avec fields)"}}
	SchemaUnpinned = &Message{Code: "LAV-4376", Class: Language,
		EN: Text{"schema {name} is not pinned", "read its columns, then write sha256 = \"{sum}\""},
		FR: Text{"le schéma {name} n'est pas figé", "lisez ses colonnes, puis écrivez sha256 = \"{sum}\""}}
	SchemaChanged = &Message{Code: "LAV-4377", Class: Language,
		EN: Text{"the file of schema {name} is not the one that was pinned: its SHA-256 is {sum}", "look at what changed in its columns, for they may be published as they are; then write that sha256"},
		FR: Text{"le fichier du schéma {name} n'est pas celui qui a été figé : son SHA-256 est {sum}", "regardez ce qui a changé dans ses colonnes, qui peuvent être publiées telles quelles ; puis écrivez ce sha256"}}
	SchemaFields = &Message{Code: "LAV-4378", Class: Language,
		EN: Text{"schema {name} has no fields, two of one name, or one without a name", "give it a table schema: {\"fields\": [{\"name\": \"…\", \"type\": \"…\"}]}"},
		FR: Text{"le schéma {name} n'a pas de fields, en a deux du même nom, ou un sans nom", "donnez-lui un schéma de table : {\"fields\": [{\"name\": \"…\", \"type\": \"…\"}]}"}}
)
