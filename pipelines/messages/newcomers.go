package messages

// newcomers: what is written in good faith and does nothing. Codes LAV-4560 to LAV-4564.
var newcomers = []*Message{PolicyUnused, PathUnseen, PreviewFew, KeyNotGiven, FileUnwritable}

var (
	PolicyUnused = &Message{Code: "LAV-4560", Class: Warning,
		EN: Text{"no pipeline uses privacy.{name}: it protects nothing, and its columns were not checked", "write privacy { use = privacy.{name} } in the pipeline that it is for, or remove it"},
		FR: Text{"aucun pipeline n'utilise privacy.{name} : elle ne protège rien, et ses colonnes n'ont pas été vérifiées", "écrivez privacy { use = privacy.{name} } dans le pipeline auquel elle est destinée, ou retirez-la"}}
	PathUnseen = &Message{Code: "LAV-4561", Class: Language,
		EN: Text{"path has a character that cannot be seen ({character})", "write / in place of a backslash, on Windows too: in a pipeline file \\n is the end of a line and \\t a tabulator"},
		FR: Text{"path contient un caractère invisible ({character})", "écrivez / à la place de la barre oblique inverse, sous Windows aussi : dans un fichier de pipeline, \\n est une fin de ligne et \\t une tabulation"}}
	PreviewFew = &Message{Code: "LAV-4562", Class: Refused,
		EN: Text{"the first {rows} rows are too few for the model of the policy, which looks at all rows in a run", "look at more of them with --rows, or at what the model makes of all of them with lavoir privacy explore"},
		FR: Text{"les {rows} premières lignes sont trop peu pour le modèle de la politique, qui lors d'une exécution les regarde toutes", "regardez-en davantage avec --rows, ou ce que le modèle ferait de toutes avec lavoir privacy explore"}}
	KeyNotGiven = &Message{Code: "LAV-4563", Class: Language,
		EN: Text{"the pseudonyms of this policy are drawn from the fingerprint of what is read, under a key that the project does not give", "write fingerprint_key = secret.<name> in its project block, of a secret of its own: the same pseudonyms then come out on every machine"},
		FR: Text{"les pseudonymes de cette politique sont tirés de l'empreinte de ce qui est lu, sous une clé que le projet ne donne pas", "écrivez fingerprint_key = secret.<nom> dans son bloc project, avec un secret à part : les mêmes pseudonymes sortent alors sur toute machine"}}
	FileUnwritable = &Message{Code: "LAV-4564", Class: Environment,
		EN: Text{"the file {file} cannot be written: {why}", "make its folder, or give another path; this account must be allowed to write there"},
		FR: Text{"le fichier {file} ne peut pas être écrit : {why}", "créez son dossier, ou donnez un autre chemin ; ce compte doit pouvoir y écrire"}}
)
