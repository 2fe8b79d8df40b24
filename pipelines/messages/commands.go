package messages

// The verbs of the command line. Codes LAV-9500 to LAV-9999.
var commands = []*Message{Usage, BadFlag, NoSuchComponent, FolderNotEmpty, TestFailed, NotFormatted, VerifyFailed, SelftestFailed, ValuesOnTerminal, NothingSelected, FlagMissing, NoRule}

var (
	Usage = &Message{Code: "LAV-9500", Class: Language,
		EN: Text{"{what}", "see {command} --help"},
		FR: Text{"{what}", "voyez {command} --help"}}
	BadFlag = &Message{Code: "LAV-9501", Class: Language,
		EN: Text{"{flag} takes: {wanted}", "correct the command"},
		FR: Text{"{flag} attend : {wanted}", "corrigez la commande"}}
	NoSuchComponent = &Message{Code: "LAV-9502", Class: Language,
		EN: Text{"there is no component {name}", "{hint}"},
		FR: Text{"il n'y a pas de composant {name}", "{hint}"}}
	FolderNotEmpty = &Message{Code: "LAV-9503", Class: Language,
		EN: Text{"{folder} already holds {file}", "choose another folder; nothing was written"},
		FR: Text{"{folder} contient déjà {file}", "choisissez un autre dossier ; rien n'a été écrit"}}
	TestFailed = &Message{Code: "LAV-9504", Class: Refused,
		EN: Text{"tests that fail: {failed} of {count}", "see above what they gave and what was wanted; lavoir test --update takes what they give"},
		FR: Text{"tests en échec : {failed} sur {count}", "voyez ci-dessus ce qu'ils donnent et ce qui était attendu ; si ce qu'ils donnent est juste, lavoir test --update le retient"}}
	NotFormatted = &Message{Code: "LAV-9505", Class: Language,
		EN: Text{"files that are not formatted: {count}", "run lavoir fmt"},
		FR: Text{"fichiers à mettre en forme : {count}", "lancez lavoir fmt"}}
	VerifyFailed = &Message{Code: "LAV-9506", Class: Refused,
		EN: Text{"what is published is not intact (problems: {count})", "see each above; a new run heals stable names"},
		FR: Text{"ce qui est publié n'est pas intact (problèmes : {count})", "voyez chacun ci-dessus ; une nouvelle exécution répare les noms stables"}}
	SelftestFailed = &Message{Code: "LAV-9507", Class: Environment,
		EN: Text{"the self-test failed: {what}", "do not publish from this machine or to this store before it passes"},
		FR: Text{"l'autotest a échoué : {what}", "ne publiez pas depuis cette machine ni vers ce stockage avant qu'il réussisse"}}
	ValuesOnTerminal = &Message{Code: "LAV-9508", Class: Language,
		EN: Text{"values are shown on a terminal only", "leave out --show-values, or do not redirect the output"},
		FR: Text{"les valeurs ne se montrent que sur un terminal", "retirez --show-values, ou ne redirigez pas la sortie"}}
	NothingSelected = &Message{Code: "LAV-9509", Class: Language,
		EN: Text{"no task is selected: {why}", "{hint}; lavoir plan lists the tasks"},
		FR: Text{"aucune tâche n'est sélectionnée : {why}", "{hint} ; lavoir plan liste les tâches"}}
	FlagMissing = &Message{Code: "LAV-9510", Class: Language,
		EN: Text{"{flag} is missing", "add it, for example: {flag} {example}"},
		FR: Text{"il manque {flag}", "ajoutez-la, par exemple : {flag} {example}"}}
	NoRule = &Message{Code: "LAV-9511", Class: Language,
		EN: Text{"no selected pipeline has a rule that can be accepted", "correct --pipeline or --tenants; what can be accepted are thresholds of a policy, small differences from what is public, what is found in texts of public columns, and the review of redacted texts; a mark is never waived: a column that the law lets out has legal_basis in its policy"},
		FR: Text{"aucun pipeline sélectionné n'a de règle qui puisse être acceptée", "corrigez --pipeline ou --tenants ; ce qui peut être accepté, ce sont des seuils d'une politique, de petites différences avec ce qui est public, ce qui est trouvé dans les textes de colonnes publiques, et la relecture de textes caviardés ; aucune dérogation n'ôte une marque : une colonne que la loi laisse sortir a legal_basis dans sa politique"}}
)
