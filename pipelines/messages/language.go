package messages

// The pipeline language: parsing, references, decoding of blocks. Codes LAV-1000 to LAV-1799.
var language = []*Message{
	Syntax, BadType, UnknownArgument, MissingArgument, WrongArgument, UnknownBlock, MissingBlock, DuplicateBlock,
	UnknownComponent, BadValue, NotASecret, NotAConnection, NotASource, SecretInText, NotYet, WrongConnection,
	NoPipelineFile, NotAPipelineFile, FileUnreadable, UnknownName, NoFunction, NoElement, UnknownVariable, VariableMissing,
	VariableType, Circle, WrongLabels, BadName, BadGlob, NotOfKind, ForEachValue, PartitionValue, PartitionTwice,
	NoVariant, SeveralVariants, UnusedSource, UseAlone, SideContract, BadThreshold, QuarantineRecipients,
	AuthorizationReference, AffectedTasks, TenantRow, TenantKey, TenantTwice, TenantColumn, TenantCell,
	TenantTable, OverrideTarget, OverrideStale, OverrideExpired, OverrideUnclaimed, MovedAddress, MovedTo, MovedFrom, SecretBackend,
	SecretNotSet, SecretUnreadable, SecretEncrypted, SecretPlatform, KeyUnseen, TenantKeyUnseen, MoreThanCap,
}

var (
	Syntax = &Message{Code: "LAV-1000", Class: Language,
		EN: Text{"{what}", "correct the file at the place shown"},
		FR: Text{"le fichier contient une erreur, décrite ici en anglais : {what}", "corrigez le fichier à l'endroit indiqué"}}
	BadType = &Message{Code: "LAV-1001", Class: Language,
		EN: Text{"{got} is not a type", "write text, bool, int32, int64, float64, decimal(12, 2), date, date(\"DD/MM/YYYY\"), timestamp(\"DD/MM/YYYY HH:mm\", \"Europe/Paris\"), binary, list(text), or a code: siret, siren, insee, postcode"},
		FR: Text{"{got} n'est pas un type", "écrivez text, bool, int32, int64, float64, decimal(12, 2), date, date(\"DD/MM/YYYY\"), timestamp(\"DD/MM/YYYY HH:mm\", \"Europe/Paris\"), binary, list(text), ou un code : siret, siren, insee, postcode"}}
	UnknownArgument = &Message{Code: "LAV-1002", Class: Language,
		EN: Text{"{block} has no argument {name}", "{hint}"},
		FR: Text{"{block} n'a pas d'argument {name}", "{hint}"}}
	MissingArgument = &Message{Code: "LAV-1003", Class: Language,
		EN: Text{"{block} needs the argument {name}", "add {name} = …; {doc}"},
		FR: Text{"il manque à {block} l'argument {name}", "ajoutez {name} = … ({doc})"}}
	WrongArgument = &Message{Code: "LAV-1004", Class: Language,
		EN: Text{"{name} must be {wanted}: {why}", "correct the value"},
		FR: Text{"{name} doit être {wanted} : {why}", "corrigez la valeur"}}
	UnknownBlock = &Message{Code: "LAV-1005", Class: Language,
		EN: Text{"{block} has no block {name}", "{hint}"},
		FR: Text{"{block} n'a pas de bloc {name}", "{hint}"}}
	MissingBlock = &Message{Code: "LAV-1006", Class: Language,
		EN: Text{"{block} needs a block {name}", "add {name} { … }; {doc}"},
		FR: Text{"il manque à {block} un bloc {name}", "ajoutez {name} { … } ({doc})"}}
	DuplicateBlock = &Message{Code: "LAV-1007", Class: Language,
		EN: Text{"{name} is already there, at {where}", "keep one of the two"},
		FR: Text{"{name} existe déjà, en {where}", "gardez l'un des deux"}}
	UnknownComponent = &Message{Code: "LAV-1008", Class: Language,
		EN: Text{"there is no {kind} {name}", "{hint}"},
		FR: Text{"il n'y a pas de {kind} {name}", "{hint}"}}
	BadValue = &Message{Code: "LAV-1009", Class: Language,
		EN: Text{"{name}: {why}", "{fix}"},
		FR: Text{"{name} : {why}", "{fix}"}}
	NotASecret = &Message{Code: "LAV-1010", Class: Language,
		EN: Text{"{name} must be a secret", "declare a block secret \"…\" and write {name} = secret.…; a password never stands in a pipeline file"},
		FR: Text{"{name} doit être un secret", "déclarez un bloc secret \"…\" et écrivez {name} = secret.… ; un mot de passe ne s'écrit jamais dans un fichier de pipeline"}}
	NotAConnection = &Message{Code: "LAV-1011", Class: Language,
		EN: Text{"{name} must be a connection", "write {name} = connection.<type>.<name>"},
		FR: Text{"{name} doit être une connexion", "écrivez {name} = connection.<type>.<nom>"}}
	NotASource = &Message{Code: "LAV-1012", Class: Language,
		EN: Text{"{name} must be a source of this pipeline", "write {name} = source.<type>.<name>"},
		FR: Text{"{name} doit être une source de ce pipeline", "écrivez {name} = source.<type>.<nom>"}}
	SecretInText = &Message{Code: "LAV-1013", Class: Language,
		EN: Text{"a secret cannot be part of a text, a key or a title", "give the secret itself to an argument that takes one"},
		FR: Text{"un secret ne peut pas entrer dans un texte, une clé ou un titre", "donnez le secret lui-même à un argument qui en prend un"}}
	NotYet = &Message{Code: "LAV-1014", Class: Language,
		EN: Text{"{name} is not available yet", "remove the block; a later version will have it"},
		FR: Text{"{name} n'est pas encore disponible", "retirez le bloc ; il viendra dans une prochaine version"}}
	WrongConnection = &Message{Code: "LAV-1015", Class: Language,
		EN: Text{"{connection} is of a type this block cannot use", "give a connection of another type"},
		FR: Text{"{connection} est d'un type que ce bloc ne peut pas utiliser", "donnez une connexion d'un autre type"}}
	NoPipelineFile = &Message{Code: "LAV-1020", Class: Language,
		EN: Text{"there is no pipeline file in {dir}", "give a folder that holds .hcl or .hcl.json files, or one such file; lavoir init writes a first one"},
		FR: Text{"il n'y a aucun fichier de pipeline dans {dir}", "donnez un dossier qui contient des fichiers .hcl ou .hcl.json, ou un tel fichier ; lavoir init en écrit un premier"}}
	NotAPipelineFile = &Message{Code: "LAV-1016", Class: Language,
		EN: Text{"{file} is no pipeline file: its name ends neither in .hcl nor in .hcl.json", "give the pipeline file, or the folder that holds it; a file of data is read by lavoir guess"},
		FR: Text{"{file} n'est pas un fichier de pipeline : son nom ne finit ni par .hcl ni par .hcl.json", "donnez le fichier de pipeline, ou le dossier qui le contient ; un fichier de données se lit par lavoir guess"}}
	FileUnreadable = &Message{Code: "LAV-1021", Class: Environment,
		EN: Text{"{file} cannot be read: {why}", "check the path and the rights of the account that runs lavoir"},
		FR: Text{"{file} ne peut pas être lu : {why}", "vérifiez le chemin et les droits du compte qui exécute lavoir"}}
	UnknownName = &Message{Code: "LAV-1022", Class: Language,
		EN: Text{"there is no {name} here", "{hint}"},
		FR: Text{"il n'y a pas de {name} ici", "{hint}"}}
	NoFunction = &Message{Code: "LAV-1023", Class: Language,
		EN: Text{"there is no function {name} here", "{hint}"},
		FR: Text{"il n'y a pas de fonction {name} ici", "{hint}"}}
	NoElement = &Message{Code: "LAV-1024", Class: Language,
		EN: Text{"there is no element {key} here", "correct the name or the key, or add what is missing"},
		FR: Text{"il n'y a pas d'élément {key} ici", "corrigez le nom ou la clé, ou ajoutez ce qui manque"}}
	UnknownVariable = &Message{Code: "LAV-1025", Class: Language,
		EN: Text{"{where} sets {name}, and no variable of that name is declared", "{hint}"},
		FR: Text{"{where} donne une valeur à {name}, et aucune variable de ce nom n'est déclarée", "{hint}"}}
	VariableMissing = &Message{Code: "LAV-1026", Class: Language,
		EN: Text{"the variable {name} has no value", "write -var {name}=…, set LAVOIR_VAR_{name}, or give it a default"},
		FR: Text{"la variable {name} n'a pas de valeur", "écrivez -var {name}=…, définissez LAVOIR_VAR_{name}, ou donnez-lui une valeur par défaut (default)"}}
	VariableType = &Message{Code: "LAV-1027", Class: Language,
		EN: Text{"the variable {name} must be {type}", "correct the value given by {where}"},
		FR: Text{"la variable {name} doit être {type}", "corrigez la valeur donnée par {where}"}}
	Circle = &Message{Code: "LAV-1028", Class: Language,
		EN: Text{"these refer to each other in a circle: {circle}", "write one of them without the others"},
		FR: Text{"ces définitions se renvoient l'une à l'autre en cercle : {circle}", "écrivez l'une d'elles sans les autres"}}
	WrongLabels = &Message{Code: "LAV-1029", Class: Language,
		EN: Text{"{block} is written with {wanted}", "write {example}"},
		FR: Text{"{block} s'écrit avec {wanted}", "écrivez {example}"}}
	BadName = &Message{Code: "LAV-1030", Class: Language,
		EN: Text{"{name} cannot be a name", "use letters, digits, _ and -, and begin with a letter"},
		FR: Text{"{name} ne peut pas être un nom", "utilisez des lettres, des chiffres, _ et -, en commençant par une lettre"}}
	BadGlob = &Message{Code: "LAV-1031", Class: Language,
		EN: Text{"{pattern} is not a pattern", "use *, ? and [a-z]; close every bracket"},
		FR: Text{"{pattern} n'est pas un motif", "utilisez *, ? et [a-z] ; fermez chaque crochet"}}
	NotOfKind = &Message{Code: "LAV-1032", Class: Language,
		EN: Text{"{name} must be {wanted}", "write {name} = {wanted}"},
		FR: Text{"{name} doit être {wanted}", "écrivez {name} = {wanted}"}}
	ForEachValue = &Message{Code: "LAV-1033", Class: Language,
		EN: Text{"for_each must be tenants, an object, or a list of texts", "write for_each = tenants.<name>"},
		FR: Text{"for_each doit être une table tenants, un objet ou une liste de textes", "écrivez for_each = tenants.<nom>"}}
	PartitionValue = &Message{Code: "LAV-1034", Class: Language,
		EN: Text{"the values of a partition must be a list of texts or whole numbers, none of them empty", "write values = range(2018, 2025) or values = [\"2024-T1\", \"2024-T2\"]"},
		FR: Text{"les valeurs d'une partition doivent être une liste de textes ou de nombres entiers, aucun vide", "écrivez values = range(2018, 2025) ou values = [\"2024-T1\", \"2024-T2\"]"}}
	PartitionTwice = &Message{Code: "LAV-1035", Class: Language,
		EN: Text{"the partition has the value {value} twice", "keep one"},
		FR: Text{"la partition a deux fois la valeur {value}", "gardez-en une"}}
	NoVariant = &Message{Code: "LAV-1036", Class: Language,
		EN: Text{"pipeline {pipeline} has tasks without a variant ({count}): {tasks}", "widen a when, add a variant, or leave these tenants out of for_each"},
		FR: Text{"le pipeline {pipeline} a des tâches sans variante ({count}) : {tasks}", "élargissez un when, ajoutez une variante, ou retirez ces collectivités de for_each"}}
	SeveralVariants = &Message{Code: "LAV-1037", Class: Language,
		EN: Text{"pipeline {pipeline} has tasks with more than one variant ({count}): {tasks}", "make the conditions exclude each other"},
		FR: Text{"le pipeline {pipeline} a des tâches avec plusieurs variantes ({count}) : {tasks}", "faites que les conditions when s'excluent"}}
	UnusedSource = &Message{Code: "LAV-1039", Class: Language,
		EN: Text{"{source} is read by nothing: the rows come from {main}", "name it in a join, a lookup or a union, put it in a variant, or remove it"},
		FR: Text{"{source} n'est lu par rien : les lignes viennent de {main}", "citez-le dans un join, un lookup ou un union, mettez-le dans une variante, ou retirez-le"}}
	UseAlone = &Message{Code: "LAV-1040", Class: Language,
		EN: Text{"a privacy block with use can have nothing else", "move the rest into the policy that use names, or write the whole policy here"},
		FR: Text{"un bloc privacy avec use ne peut rien avoir d'autre", "déplacez le reste dans la politique que use nomme, ou écrivez toute la politique ici"}}
	SideContract = &Message{Code: "LAV-1041", Class: Language,
		EN: Text{"a contract is for the source the rows come from, and {source} is not it", "declare the columns of {source} in its block"},
		FR: Text{"un contrat vaut pour la source d'où viennent les lignes, ce que {source} n'est pas", "déclarez les colonnes de {source} dans son bloc"}}
	BadThreshold = &Message{Code: "LAV-1042", Class: Language,
		EN: Text{"max_rejects must be a number of rows or a part of them", "write max_rejects = 100 or max_rejects = \"0.5%\""},
		FR: Text{"max_rejects doit être un nombre de lignes ou une part de celles-ci", "écrivez max_rejects = 100 ou max_rejects = \"0.5%\""}}
	QuarantineRecipients = &Message{Code: "LAV-1043", Class: Language,
		EN: Text{"on_reject = \"quarantine\" needs someone who can read the quarantine", "add quarantine = [\"age1…\"] to the project block"},
		FR: Text{"on_reject = \"quarantine\" demande quelqu'un qui puisse lire la quarantaine", "ajoutez quarantine = [\"age1…\"] au bloc project"}}
	AuthorizationReference = &Message{Code: "LAV-1044", Class: Language,
		EN: Text{"an authorization that allows must say by which act", "give reference the number of the deliberation, or make allowed false"},
		FR: Text{"une autorisation accordée doit citer son acte", "donnez à reference le numéro de la délibération, ou écrivez allowed = false"}}
	AffectedTasks = &Message{Code: "LAV-1045", Class: Warning,
		EN: Text{"the mistake at {place} concerns {count} of {total} tasks: {tasks}", "correct what these tasks have in common"},
		FR: Text{"l'erreur en {place} concerne {count} tâches sur {total} : {tasks}", "corrigez ce que ces tâches ont en commun"}}
	TenantRow = &Message{Code: "LAV-1046", Class: Language,
		EN: Text{"{file}, line {line}: {got} cells under {wanted} columns", "correct the line; a cell that holds the delimiter stands between double quotes"},
		FR: Text{"{file}, ligne {line} : {got} cellules pour {wanted} colonnes", "corrigez la ligne ; une cellule qui contient le séparateur s'écrit entre guillemets doubles"}}
	TenantKey = &Message{Code: "LAV-1047", Class: Language,
		EN: Text{"{file}, line {line}: the key {column} is empty", "give every tenant its key"},
		FR: Text{"{file}, ligne {line} : la clé {column} est vide", "donnez sa clé à chaque collectivité"}}
	TenantTwice = &Message{Code: "LAV-1048", Class: Language,
		EN: Text{"{file}, line {line}: the key {key} is already that of line {first}", "keep one of the two lines"},
		FR: Text{"{file}, ligne {line} : la clé {key} est déjà celle de la ligne {first}", "gardez l'une des deux lignes"}}
	TenantColumn = &Message{Code: "LAV-1049", Class: Language,
		EN: Text{"the tenants have no column {column}", "{hint}"},
		FR: Text{"la table tenants n'a pas de colonne {column}", "{hint}"}}
	TenantCell = &Message{Code: "LAV-1050", Class: Language,
		EN: Text{"tenant {key}: {column} is not {type}", "correct the cell, or the type declared in columns"},
		FR: Text{"tenant {key} : {column} n'est pas de type {type}", "corrigez la cellule, ou le type déclaré dans columns"}}
	TenantTable = &Message{Code: "LAV-1051", Class: Language,
		EN: Text{"tenants {name} is not a table of tenants", "give either file = \"communes.csv\" and key = \"…\", or values = { \"<key>\" = { … } }"},
		FR: Text{"tenants {name} n'est pas une table de collectivités", "donnez soit file = \"communes.csv\" et key = \"…\", soit values = { \"<clé>\" = { … } }"}}
	OverrideTarget = &Message{Code: "LAV-1052", Class: Language,
		EN: Text{"there is no {what} to override", "{hint}"},
		FR: Text{"{what} à remplacer n'existe pas", "{hint}"}}
	OverrideStale = &Message{Code: "LAV-1053", Class: Language,
		EN: Text{"override of tenant {key}: {column} is no longer what from says", "check whether the exception is still needed, then correct from or remove the override"},
		FR: Text{"exception du tenant {key} : {column} n'est plus ce que dit from", "vérifiez si l'exception est encore utile, puis corrigez from ou retirez l'override"}}
	OverrideExpired = &Message{Code: "LAV-1054", Class: Warning,
		EN: Text{"override of tenant {key}: {column} was meant to last until {until}", "renew until with a reason, or remove the override"},
		FR: Text{"exception du tenant {key} : {column} devait durer jusqu'au {until}", "prolongez until avec une raison, ou retirez l'override"}}
	OverrideUnclaimed = &Message{Code: "LAV-1055", Class: Language,
		EN: Text{"no tenants block names this file in overrides", "add overrides = [\"{file}\"] to a tenants block"},
		FR: Text{"aucun bloc tenants ne cite ce fichier dans overrides", "ajoutez overrides = [\"{file}\"] à un bloc tenants"}}
	MovedAddress = &Message{Code: "LAV-1056", Class: Language,
		EN: Text{"{name} must be a pipeline or a tenant", "write pipeline.<name> or tenants.<name>[\"<key>\"]; from and to are of one kind"},
		FR: Text{"{name} doit être un pipeline ou un tenant", "écrivez pipeline.<nom> ou tenants.<nom>[\"<clé>\"] ; from et to sont de même nature"}}
	MovedTo = &Message{Code: "LAV-1057", Class: Language,
		EN: Text{"moved to {address}, which does not exist", "{hint}"},
		FR: Text{"déplacé vers {address}, qui n'existe pas", "{hint}"}}
	MovedFrom = &Message{Code: "LAV-1058", Class: Language,
		EN: Text{"moved from {address}, which still exists", "remove the old one, or this block"},
		FR: Text{"déplacé depuis {address}, qui existe encore", "retirez l'ancien, ou ce bloc"}}
	SecretBackend = &Message{Code: "LAV-1059", Class: Language,
		EN: Text{"secret {name} must be kept in exactly one place", "give one of env, file, systemd_credential, command, age, dpapi or vault"},
		FR: Text{"le secret {name} doit être gardé à un seul endroit", "donnez l'un de env, file, systemd_credential, command, age, dpapi ou vault"}}
	SecretNotSet = &Message{Code: "LAV-1060", Class: Environment,
		EN: Text{"{name} is not there: {place} is missing or empty", "put the value where the secret block says, readable by the account that runs lavoir"},
		FR: Text{"{name} est introuvable : {place} manque ou est vide", "mettez la valeur là où le dit le bloc secret, lisible par le compte qui exécute lavoir"}}
	SecretUnreadable = &Message{Code: "LAV-1061", Class: Environment,
		EN: Text{"{name} could not be read from {place}: {why}", "check the place, the rights and the key; lavoir doctor looks at every secret"},
		FR: Text{"{name} n'a pas pu être lu depuis {place} : {why}", "vérifiez l'endroit, les droits et la clé ; lavoir doctor examine chaque secret"}}
	SecretEncrypted = &Message{Code: "LAV-1062", Class: Environment,
		EN: Text{"{name}: {place} is encrypted, and no identity is given to open it", "add identity = \"…\" to the project block, or use age { file = \"…\" identity = \"…\" }"},
		FR: Text{"{name} : {place} est chiffré, et aucune identité n'est donnée pour l'ouvrir", "ajoutez identity = \"…\" au bloc project, ou utilisez age { file = \"…\" identity = \"…\" }"}}
	MoreThanCap = &Message{Code: "LAV-1075", Class: Language,
		EN: Text{"connections = {wanted} is more than the {cap} that {connection} may have at once, so it could never run", "write connections = {cap} or less, or raise max in the connection or its limits block"},
		FR: Text{"connections = {wanted} dépasse les {cap} que {connection} peut avoir à la fois : cela ne pourrait jamais s'exécuter", "écrivez connections = {cap} ou moins, ou augmentez max dans la connexion ou son bloc limits"}}
	SecretPlatform = &Message{Code: "LAV-1063", Class: Environment,
		EN: Text{"{name} is kept by Windows (DPAPI), and this machine is not Windows", "run on the Windows machine and account that protected it, or keep the secret elsewhere"},
		FR: Text{"{name} est gardé par Windows (DPAPI), et cette machine n'est pas sous Windows", "exécutez sur la machine et le compte Windows qui l'ont protégé, ou gardez le secret ailleurs"}}
	KeyUnseen = &Message{Code: "LAV-1070", Class: Language,
		EN: Text{"{name} holds a character that cannot be seen ({character})", "write it without that character: it stands in paths, reports and commands"},
		FR: Text{"{name} contient un caractère invisible ({character})", "écrivez-le sans ce caractère : il figure dans des chemins, des rapports et des commandes"}}
	TenantKeyUnseen = &Message{Code: "LAV-1071", Class: Language,
		EN: Text{"{file}, line {line}: the key {column} holds a character that cannot be seen ({character})", "correct the key in the file: it stands in paths, reports and commands"},
		FR: Text{"{file}, ligne {line} : la clé {column} contient un caractère invisible ({character})", "corrigez la clé dans le fichier : elle figure dans des chemins, des rapports et des commandes"}}
)
