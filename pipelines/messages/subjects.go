package messages

// subjects: who objected, and where a person's rows are.
// Codes LAV-4450 to LAV-4461.
var subjects = []*Message{
	OppositionAge, NoOpposition, NoSubject, SubjectKey, OppositionMissing, OppositionDamaged, OppositionStale, OppositionUnwritable, OppositionOther,
	QuarantineClosed, BadIdentity, SubjectRunning,
}

var (
	OppositionAge = &Message{Code: "LAV-4457", Class: Language,
		EN: Text{"max_age of opposition is no time", "say how old the list may be: max_age = \"30d\""},
		FR: Text{"max_age d'opposition n'est pas une durée", "dites quel âge la liste peut avoir : max_age = \"30d\""}}
	NoOpposition = &Message{Code: "LAV-4458", Class: Language,
		EN: Text{"no policy of the selected pipelines has an opposition block", "add opposition { source, key, secret, max_age } to the privacy block, or select other pipelines"},
		FR: Text{"aucune politique des pipelines choisis n'a de bloc opposition", "ajoutez opposition { source, key, secret, max_age } au bloc privacy, ou choisissez d'autres pipelines"}}
	NoSubject = &Message{Code: "LAV-4459", Class: Language,
		EN: Text{"no column tells of whom the rows are: the policies name no subject and no opposition", "name the column: --column"},
		FR: Text{"aucune colonne ne dit de qui sont les lignes : les politiques ne nomment ni subject ni opposition", "nommez la colonne : --column"}}
	SubjectKey = &Message{Code: "LAV-4460", Class: Language,
		EN: Text{"the key file holds {count} keys, and {wanted} is needed", "write one key a line; - reads standard input, so that no key stays in the history of the shell"},
		FR: Text{"le fichier de clés en contient {count}, et il en faut {wanted}", "écrivez une clé par ligne ; - lit l'entrée standard, pour qu'aucune clé ne reste dans l'historique du terminal"}}
	OppositionMissing = &Message{Code: "LAV-4450", Class: Refused,
		EN: Text{"who objected is not known: {file} cannot be read ({why})", "nothing was published; make the list with lavoir subject oppose, or bring it back from a backup"},
		FR: Text{"on ne sait pas qui s'est opposé : {file} est illisible ({why})", "rien n'a été publié ; créez la liste avec lavoir subject oppose, ou reprenez-la d'une sauvegarde"}}
	OppositionDamaged = &Message{Code: "LAV-4451", Class: Refused,
		EN: Text{"{file} is no whole list of oppositions", "nothing was published; bring it back from a backup: it is not edited by hand"},
		FR: Text{"{file} n'est pas une liste d'oppositions entière", "rien n'a été publié ; reprenez-la d'une sauvegarde : elle ne se modifie pas à la main"}}
	OppositionStale = &Message{Code: "LAV-4452", Class: Refused,
		EN: Text{"the list of oppositions {file} was last confirmed on {at}, which is too long ago", "nothing was published; bring it up to date, then confirm it with lavoir subject oppose"},
		FR: Text{"la liste d'oppositions {file} a été confirmée pour la dernière fois le {at}, il y a trop longtemps", "rien n'a été publié ; mettez-la à jour, puis confirmez-la avec lavoir subject oppose"}}
	OppositionUnwritable = &Message{Code: "LAV-4453", Class: Environment,
		EN: Text{"the list of oppositions {file} cannot be written ({why})", "nothing changed; let the account write to the project's folder"},
		FR: Text{"la liste d'oppositions {file} ne peut pas être écrite ({why})", "rien n'a changé ; autorisez le compte à écrire dans le dossier du projet"}}
	OppositionOther = &Message{Code: "LAV-4461", Class: Refused,
		EN: Text{"the list of oppositions {file} was made under another key, or not for column {column} as it is compared now: nobody would be found in it", "nothing was published; take back the secret, the column and canonical that it was made with, or remove the list and its .confirmed file and enter those who objected again"},
		FR: Text{"la liste d'oppositions {file} a été faite sous une autre clé, ou pas pour la colonne {column} telle qu'elle est comparée maintenant : personne n'y serait trouvé", "rien n'a été publié ; reprenez le secret, la colonne et canonical avec lesquels elle a été faite, ou supprimez la liste et son fichier .confirmed et entrez de nouveau les personnes qui se sont opposées"}}
	QuarantineClosed = &Message{Code: "LAV-4454", Class: Environment,
		EN: Text{"{count} files of the quarantine cannot be read without a key, and may hold the person", "give the key of one of the project's recipients: --identity; or wait until lavoir purge removes them"},
		FR: Text{"{count} fichiers de la quarantaine sont illisibles sans clé, et peuvent contenir la personne", "donnez la clé de l'un des destinataires du projet : --identity ; ou attendez que lavoir purge les supprime"}}
	BadIdentity = &Message{Code: "LAV-4455", Class: Environment,
		EN: Text{"the identity file cannot be used ({why})", "give a file made by age-keygen: AGE-SECRET-KEY-1…"},
		FR: Text{"le fichier d'identité est inutilisable ({why})", "donnez un fichier fait par age-keygen : AGE-SECRET-KEY-1…"}}
	SubjectRunning = &Message{Code: "LAV-4456", Class: Environment,
		EN: Text{"{count} runs are going on, whose temporary files may hold the person", "look again when they have ended"},
		FR: Text{"{count} exécutions sont en cours, dont les fichiers temporaires peuvent contenir la personne", "regardez de nouveau quand elles seront finies"}}
)
