package messages

// reports: what is told of a release to the public, and of its privacy in private.
// Codes LAV-4440 to LAV-4449.
var reports = []*Message{NoManifest, SeveralTasks, NoEvidence, NoProof}

var (
	NoManifest = &Message{Code: "LAV-4440", Class: Language,
		EN: Text{"{file} is no manifest of a release ({why})", "name a manifest.json, the folder of a release, a published folder that holds current.json, or a project"},
		FR: Text{"{file} n'est pas le manifeste d'une version ({why})", "nommez un manifest.json, le dossier d'une version, un dossier publié qui contient current.json, ou un projet"}}
	SeveralTasks = &Message{Code: "LAV-4441", Class: Language,
		EN: Text{"{count} tasks are selected, and a document is about one", "choose one with --pipeline, --tenant and --partition; lavoir plan lists them"},
		FR: Text{"{count} tâches sont sélectionnées, et un document en concerne une", "choisissez-en une avec --pipeline, --tenant et --partition ; lavoir plan les liste"}}
	NoEvidence = &Message{Code: "LAV-4442", Class: Failed,
		EN: Text{"there is no evidence of {task}", "publish it first: a run that is refused or held leaves none; evidence past its retention is removed by lavoir purge"},
		FR: Text{"il n'y a pas de preuve de {task}", "publiez-la d'abord : une exécution refusée ou retenue n'en laisse pas ; lavoir purge supprime les preuves qui ont passé leur durée de conservation"}}
	NoProof = &Message{Code: "LAV-4443", Class: Failed,
		EN: Text{"the newest evidence of {task} says nothing of privacy: it is of an older version of lavoir, or cannot be read", "run the task again"},
		FR: Text{"la preuve la plus récente de {task} ne dit rien de la confidentialité : elle vient d'une version plus ancienne de lavoir, ou ne se lit pas", "relancez la tâche"}}
)
