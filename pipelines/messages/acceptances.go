package messages

// acceptances: approvers, what they sign, what the law lets out, and the thresholds of
// the gate. Codes LAV-4340 to LAV-4359.
var acceptances = []*Message{
	BadApprover, WrongThreshold, WrongLegalBasis, AcceptanceUnreadable, AcceptanceKey, AcceptanceSignature, AcceptanceExpired,
	AcceptanceExpires, AcceptancePolicy, AcceptanceTenant, AcceptanceCeiling, AcceptanceApplied, GateThreshold,
	NoSuchRule, SeveralPipelines, BadCeiling, NoApprover, KeyUnreadable, KeyPassphrase, AcceptanceExists,
}

var (
	BadApprover = &Message{Code: "LAV-4340", Class: Language,
		EN: Text{"an approver is no minisign public key: {why}", "write the second line of the approver's .pub file, which begins with RW; minisign -G makes a pair of keys"},
		FR: Text{"un approbateur n'est pas une clé publique minisign : {why}", "écrivez la seconde ligne du fichier .pub de l'approbateur, qui commence par RW ; minisign -G fabrique une paire de clés"}}
	WrongThreshold = &Message{Code: "LAV-4341", Class: Language,
		EN: Text{"the gate of this policy: {why}", "max_prosecutor_risk goes from 0 to 1 and max_uniques is a number of rows; both need a model, whose classes they judge"},
		FR: Text{"le bloc gate de cette politique : {why}", "max_prosecutor_risk va de 0 à 1 et max_uniques est un nombre de lignes ; tous deux demandent un model, dont ils jugent les groupes"}}
	WrongLegalBasis = &Message{Code: "LAV-4342", Class: Language,
		EN: Text{"identifier {column}: {why}", "write legal_basis = \"D312-1-3/6\", with the number (1 to 9) of the documents of article D.312-1-3 that the column is of, and reason; it stands alone, or beside action = \"pseudonym\" or, without a model, \"partial\""},
		FR: Text{"identifier {column} : {why}", "écrivez legal_basis = \"D312-1-3/6\", avec le numéro (1 à 9) des documents de l'article D.312-1-3 dont relève la colonne, et reason ; il est seul, ou à côté de action = \"pseudonym\" ou, sans modèle, \"partial\""}}
	AcceptanceUnreadable = &Message{Code: "LAV-4343", Class: Warning,
		EN: Text{"the acceptance {file} does not count: {why}", "make it again with lavoir accept, and change nothing in it by hand"},
		FR: Text{"l'acceptation {file} ne compte pas : {why}", "refaites-la avec lavoir accept, et n'y changez rien à la main"}}
	AcceptanceKey = &Message{Code: "LAV-4344", Class: Warning,
		EN: Text{"the acceptance {file} does not count: its key {key} is none of the project's approvers of {kind}", "have it signed by an approver, or remove it"},
		FR: Text{"l'acceptation {file} ne compte pas : sa clé {key} n'est celle d'aucun approbateur de {kind} du projet", "faites-la signer par un approbateur, ou retirez-la"}}
	AcceptanceSignature = &Message{Code: "LAV-4345", Class: Warning,
		EN: Text{"the acceptance {file} does not count: it, or its signature, was changed after it was signed", "take both files back from where they were made, or make them again with lavoir accept"},
		FR: Text{"l'acceptation {file} ne compte pas : elle, ou sa signature, a été modifiée après avoir été signée", "reprenez les deux fichiers là où ils ont été faits, ou refaites-les avec lavoir accept"}}
	AcceptanceExpired = &Message{Code: "LAV-4346", Class: Warning,
		EN: Text{"the acceptance {file} of {rule} was good until {until}, and no longer counts", "have it accepted anew, or remove it"},
		FR: Text{"l'acceptation {file} de {rule} valait jusqu'au {until}, et ne compte plus", "faites-la renouveler, ou retirez-la"}}
	AcceptanceExpires = &Message{Code: "LAV-4347", Class: Warning,
		EN: Text{"the acceptance {file} of {rule} ends on {until}; what rests on it will then be refused", "have it accepted anew before that day, or change what needs it"},
		FR: Text{"l'acceptation {file} de {rule} se termine le {until} ; ce qui en dépend sera alors refusé", "faites-la renouveler avant ce jour, ou corrigez ce qui la rend nécessaire"}}
	AcceptancePolicy = &Message{Code: "LAV-4348", Class: Warning,
		EN: Text{"the acceptance {file} of {rule} does not apply: the policy of pipeline {pipeline} is another one now", "have {rule} accepted anew under this policy, or remove the file"},
		FR: Text{"l'acceptation {file} de {rule} ne s'applique pas : la politique du pipeline {pipeline} n'est plus la même", "faites accepter {rule} à nouveau sous cette politique, ou retirez le fichier"}}
	AcceptanceTenant = &Message{Code: "LAV-4349", Class: Warning,
		EN: Text{"the acceptance {file} of {rule} does not apply here: it covers the tenants {tenants}", "have it accepted for this tenant too, or change what needs it"},
		FR: Text{"l'acceptation {file} de {rule} ne s'applique pas ici : elle couvre les collectivités {tenants}", "faites-la accepter pour cette collectivité aussi, ou corrigez ce qui la rend nécessaire"}}
	AcceptanceCeiling = &Message{Code: "LAV-4350", Class: Warning,
		EN: Text{"the acceptance {file} of {rule} does not apply: {figure} is above its ceiling {ceiling}", "have it accepted up to that figure, or change what needs it"},
		FR: Text{"l'acceptation {file} de {rule} ne s'applique pas : {figure} dépasse son plafond {ceiling}", "faites-la accepter jusqu'à ce chiffre, ou corrigez ce qui la rend nécessaire"}}
	AcceptanceApplied = &Message{Code: "LAV-4351", Class: Warning,
		EN: Text{"this rests on the acceptance {file} of {rule}, which holds until {until}", "nothing, as long as the reasons for it hold; they are in the evidence of the release"},
		FR: Text{"ceci repose sur l'acceptation {file} de {rule}, qui vaut jusqu'au {until}", "rien, tant que ses raisons valent ; elles sont dans les preuves de la version"}}
	GateThreshold = &Message{Code: "LAV-4352", Class: Refused,
		EN: Text{"the sealed file {file} has {rule} = {figure}, and the policy allows {threshold}", "raise k, or give the quasi-identifiers coarser levels; an approver can also accept it: lavoir accept privacy --rule {rule} --ceiling {figure}"},
		FR: Text{"le fichier scellé {file} a {rule} = {figure}, et la politique permet {threshold}", "augmentez k, ou donnez aux quasi-identifiants des niveaux plus larges ; un approbateur peut aussi l'accepter : lavoir accept privacy --rule {rule} --ceiling {figure}"}}
	NoSuchRule = &Message{Code: "LAV-4353", Class: Language,
		EN: Text{"no selected pipeline has a rule {rule} that can be accepted", "name one of these with --rule, --column and --pipeline: {rules}; a mark is never waived: a column that the law lets out has legal_basis in its policy"},
		FR: Text{"aucun pipeline sélectionné n'a de règle {rule} qui puisse être acceptée", "nommez l'une de celles-ci par --rule, --column et --pipeline : {rules} ; aucune dérogation n'ôte une marque : une colonne que la loi laisse sortir a legal_basis dans sa politique"}}
	SeveralPipelines = &Message{Code: "LAV-4354", Class: Language,
		EN: Text{"several pipelines have the rule {rule}: {pipelines}", "accept it for one of them with --pipeline, which names it in full"},
		FR: Text{"plusieurs pipelines ont la règle {rule} : {pipelines}", "acceptez-la pour l'un d'eux avec --pipeline, qui le nomme en entier"}}
	BadCeiling = &Message{Code: "LAV-4355", Class: Language,
		EN: Text{"--ceiling does not suit {rule}: {why}", "give the greatest figure that is accepted: it is above {threshold}, which the policy allows anyway"},
		FR: Text{"--ceiling ne convient pas à {rule} : {why}", "donnez le plus grand chiffre accepté : il dépasse {threshold}, que la politique permet de toute façon"}}
	NoApprover = &Message{Code: "LAV-4356", Class: Language,
		EN: Text{"the key {key} is none of the project's approvers of {kind}", "sign with an approver's key, or add the public key to approvers in the project block"},
		FR: Text{"la clé {key} n'est celle d'aucun approbateur de {kind} du projet", "signez avec la clé d'un approbateur, ou ajoutez la clé publique à approvers dans le bloc project"}}
	KeyUnreadable = &Message{Code: "LAV-4357", Class: Environment,
		EN: Text{"the secret key {file} cannot be read: {why}", "give --sign the .key file that minisign -G made"},
		FR: Text{"la clé secrète {file} est illisible : {why}", "donnez à --sign le fichier .key fabriqué par minisign -G"}}
	KeyPassphrase = &Message{Code: "LAV-4358", Class: Environment,
		EN: Text{"the secret key {file} does not open: {why}", "type its passphrase on a terminal, or give it in the environment as LAVOIR_PASSPHRASE or in a file with --passphrase-file"},
		FR: Text{"la clé secrète {file} ne s'ouvre pas : {why}", "tapez sa phrase de passe sur un terminal, ou donnez-la dans l'environnement par LAVOIR_PASSPHRASE ou dans un fichier par --passphrase-file"}}
	AcceptanceExists = &Message{Code: "LAV-4359", Class: Environment,
		EN: Text{"the acceptance {file} cannot be written: {why}", "look at what the folder acceptances of the project holds, and whether you may write there"},
		FR: Text{"l'acceptation {file} ne peut pas être écrite : {why}", "regardez ce que contient le dossier acceptances du projet, et si vous pouvez y écrire"}}
)
