package messages

// privacies: privacy policies, marks and the gate. Codes LAV-9000 to LAV-9099.
var privacies = []*Message{
	NothingLeaves, TwoRoles, PublicPersonal, WrongAction, OtherwiseType, WeakKey, NoPseudonym, GateColumns, GateValue,
	GateRows, GateBlind, GateCount, OpenRule,
}

var (
	NothingLeaves = &Message{Code: "LAV-9000", Class: Language,
		EN: Text{"this policy lets no column out", "name the columns to publish in public, or take a policy of the project: use = privacy.<name>"},
		FR: Text{"cette politique ne laisse sortir aucune colonne", "nommez dans public les colonnes à publier, ou prenez une politique du projet : use = privacy.<nom>"}}
	TwoRoles = &Message{Code: "LAV-9001", Class: Language,
		EN: Text{"column {column} has two roles in this policy", "keep one: its name in public, or one block (identifier, quasi, sensitive, text, clear, microaggregate)"},
		FR: Text{"la colonne {column} a deux rôles dans cette politique", "gardez-en un : son nom dans public, ou un seul bloc (identifier, quasi, sensitive, text, clear, microaggregate)"}}
	PublicPersonal = &Message{Code: "LAV-9002", Class: Refused,
		EN: Text{"column {column} is personal ({because}) and cannot be public", "give it an identifier block that says when it may be read, or which law lets it out (legal_basis), take it out of public, or, when it names nobody, write the reason in not_personal of its source"},
		FR: Text{"la colonne {column} est personnelle ({because}) et ne peut pas être publique", "donnez-lui un bloc identifier qui dit quand elle peut être lue, ou quelle loi la laisse sortir (legal_basis), retirez-la de public, ou, si elle ne désigne personne, écrivez-en la raison dans not_personal de sa source"}}
	WrongAction = &Message{Code: "LAV-9003", Class: Language,
		EN: Text{"identifier {column}: {why}", "drop takes no other argument; constant takes otherwise; null takes clear_when; mask, the default, needs clear_when and takes otherwise; pseudonym and surrogate take key and rotate = \"per_release\", or destroy_after = \"publish\" in place of both, and only a column that the law lets out (legal_basis) needs no rotate"},
		FR: Text{"identifier {column} : {why}", "drop ne prend pas d'autre argument ; constant prend otherwise ; null prend clear_when ; mask, par défaut, demande clear_when et prend otherwise ; pseudonym et surrogate prennent key et rotate = \"per_release\", ou destroy_after = \"publish\" à la place des deux, et seule une colonne que la loi laisse sortir (legal_basis) se passe de rotate"}}
	OtherwiseType = &Message{Code: "LAV-9004", Class: Language,
		EN: Text{"otherwise is no {type}, which column {column} is", "write a value of that type, or leave otherwise out: the column is then empty where it is masked"},
		FR: Text{"otherwise n'est pas de type {type}, celui de la colonne {column}", "écrivez une valeur de ce type, ou retirez otherwise : la colonne est alors vide là où elle est masquée"}}
	WeakKey = &Message{Code: "LAV-9005", Class: Environment,
		EN: Text{"the key of {step} is shorter than {wanted} bytes", "make one with: openssl rand -hex 32; and keep it as a secret"},
		FR: Text{"la clé de {step} fait moins de {wanted} octets", "fabriquez-en une avec : openssl rand -hex 32 ; et gardez-la comme secret"}}
	NoPseudonym = &Message{Code: "LAV-9006", Class: Language,
		EN: Text{"column {column} is {got}, which has no one way to be written", "choose another column, or convert it to text first with transform \"cast\""},
		FR: Text{"la colonne {column} est de type {got}, qui n'a pas d'écriture unique", "choisissez une autre colonne, ou convertissez-la d'abord en texte avec transform \"cast\""}}
	GateColumns = &Message{Code: "LAV-9007", Class: Refused,
		EN: Text{"the sealed file {file} holds column {column}, which the policy does not let out", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"le fichier scellé {file} contient la colonne {column}, que la politique ne laisse pas sortir", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	GateValue = &Message{Code: "LAV-9008", Class: Refused,
		EN: Text{"row {row} of the sealed file {file} shows a value in column {column} that the policy masks", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"la ligne {row} du fichier scellé {file} montre dans la colonne {column} une valeur que la politique masque", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	GateRows = &Message{Code: "LAV-9009", Class: Refused,
		EN: Text{"the sealed file {file} holds {got} rows, and the policy saw {wanted}", "nothing was published; run again, and report this to the project if it stays"},
		FR: Text{"le fichier scellé {file} contient {got} lignes, et la politique en a vu {wanted}", "rien n'a été publié ; relancez, et signalez-le au projet si cela persiste"}}
	GateBlind = &Message{Code: "LAV-9010", Class: Refused,
		EN: Text{"from the sealed file {file} alone nothing proves that column {column} is masked: the condition names columns that are not in it, and no count was kept", "publish the columns that clear_when names too, or report this to the project"},
		FR: Text{"rien dans le seul fichier scellé {file} ne prouve que la colonne {column} est masquée : la condition nomme des colonnes qui n'y sont pas, et aucun compte n'a été gardé", "publiez aussi les colonnes que nomme clear_when, ou signalez-le au projet"}}
	GateCount = &Message{Code: "LAV-9011", Class: Refused,
		EN: Text{"column {column} of the sealed file {file} does not show as many values in clear as the policy allows", "nothing was published; report this to the project with the pipeline file"},
		FR: Text{"la colonne {column} du fichier scellé {file} ne montre pas autant de valeurs en clair que la politique en permet", "rien n'a été publié ; signalez-le au projet avec le fichier de pipeline"}}
	OpenRule = &Message{Code: "LAV-9012", Class: Refused,
		EN: Text{"clear_when of column {column} is true of a row that nothing is known of: a value nobody has seen yet, or none, would be shown", "write what may be read, not what may not: contains([\"ASSO\", \"PUBLIC\"], row.type_tiers)"},
		FR: Text{"clear_when de la colonne {column} est vrai d'une ligne dont on ne sait rien : une valeur jamais vue, ou absente, serait montrée", "écrivez ce qui peut être lu, pas ce qui ne le peut pas : contains([\"ASSO\", \"PUBLIC\"], row.type_tiers)"}}
)
