package messages

// sets: files that come as several, what memory leaves of one, and links. Codes LAV-4146 to LAV-4159.
var sets = []*Message{TakenPart, ParquetMemory, LinkOut}

var (
	TakenPart = &Message{Code: "LAV-4146", Class: Warning,
		EN: Text{"file {file} was taken away after it was read, and of the files beside it that belong to it {count} could not be", "see why below; move or delete them by hand: no run looks for them any more"},
		FR: Text{"le fichier {file} a été emporté après lecture, et parmi les fichiers voisins qui en font partie {count} n'ont pas pu l'être", "voyez pourquoi ci-dessous ; déplacez-les ou supprimez-les à la main : aucune exécution ne les cherche plus"}}
	ParquetMemory = &Message{Code: "LAV-4147", Class: Failed,
		EN: Text{"{what} of column {column} in row group {group} of file {file} takes more than {bound}, which is what memory leaves for them", "raise memory in the project block, have the file written with smaller pages, or leave the column out with without"},
		FR: Text{"{what} de la colonne {column}, dans le groupe de lignes {group} du fichier {file}, demande plus de {bound}, ce que memory permet", "augmentez memory dans le bloc project, faites écrire le fichier avec des pages plus petites, ou laissez la colonne de côté avec without"}}
	LinkOut = &Message{Code: "LAV-4148", Class: Environment,
		EN: Text{"a link leads out of the folder of {store}", "put the file itself there, or make the folder that it is in that of a connection"},
		FR: Text{"un lien mène hors du dossier de {store}", "placez-y le fichier lui-même, ou faites du dossier où il se trouve celui d'une connexion"}}
)
