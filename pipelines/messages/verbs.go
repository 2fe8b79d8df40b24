package messages

// verbs: what fmt takes, and what plan tells of reviews.
// Codes LAV-4490 to LAV-4499.
var verbs = []*Message{NotLaidOut, ReviewAwaited}

var (
	NotLaidOut = &Message{Code: "LAV-4490", Class: Language,
		EN: Text{"{file} is not laid out: its name does not end in .hcl", "give pipeline files in native syntax, or folders that hold them; nothing was changed in this file"},
		FR: Text{"{file} ne se met pas en forme : son nom ne finit pas par .hcl", "donnez des fichiers de pipeline en syntaxe native, ou des dossiers qui en contiennent ; rien n'a été changé dans ce fichier"}}
	ReviewAwaited = &Message{Code: "LAV-4491", Class: Warning,
		EN: Text{"pipeline {pipeline} will be refused: nobody has accepted the review of the texts of {columns} under this policy", "draw a sheet with lavoir privacy review --pipeline {pipeline}, have a person read it, then run: lavoir accept privacy --rule review --column {column}"},
		FR: Text{"le pipeline {pipeline} sera refusé : personne n'a accepté la relecture des textes de {columns} sous cette politique", "tirez une feuille par lavoir privacy review --pipeline {pipeline}, faites-la relire, puis lancez : lavoir accept privacy --rule review --column {column}"}}
)
