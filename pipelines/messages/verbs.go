package messages

// verbs: what fmt takes, what plan tells of reviews, and what nothing asks for.
// Codes LAV-4490 to LAV-4499.
var verbs = []*Message{NotLaidOut, ReviewAwaited, OperationsUnused}

var (
	NotLaidOut = &Message{Code: "LAV-4490", Class: Language,
		EN: Text{"{file} is not laid out: its name does not end in .hcl", "give pipeline files in native syntax, or folders that hold them; nothing was changed in this file"},
		FR: Text{"{file} ne se met pas en forme : son nom ne finit pas par .hcl", "donnez des fichiers de pipeline en syntaxe native, ou des dossiers qui en contiennent ; rien n'a été changé dans ce fichier"}}
	ReviewAwaited = &Message{Code: "LAV-4491", Class: Warning,
		EN: Text{"pipeline {pipeline} will be refused: nobody has accepted the review of the texts of {columns} under this policy", "draw a sheet with lavoir privacy review --pipeline {pipeline}, have a person read it, then run: lavoir accept privacy --rule review --column {column}"},
		FR: Text{"le pipeline {pipeline} sera refusé : personne n'a accepté la relecture des textes de {columns} sous cette politique", "tirez une feuille par lavoir privacy review --pipeline {pipeline}, faites-la relire, puis lancez : lavoir accept privacy --rule review --column {column}"}}
	OperationsUnused = &Message{Code: "LAV-4492", Class: Warning,
		EN: Text{"the approvers of operations can accept nothing yet: nothing that lavoir holds back is theirs to decide", "leave the keys there for a later version, or remove them; thresholds of the gate and reviews of texts are accepted by the approvers of privacy"},
		FR: Text{"les approbateurs operations ne peuvent encore rien accepter : rien de ce que lavoir retient ne dépend d'eux", "laissez leurs clés pour une version à venir, ou retirez-les ; les seuils de l'examen final et les relectures de textes sont acceptés par les approbateurs privacy"}}
)
