package messages

// inputs: what stands where a file is to be read and is none. Codes LAV-4600 to LAV-4619.
var inputs = []*Message{FileIsAPipe}

var (
	FileIsAPipe = &Message{Code: "LAV-4600", Class: Refused,
		EN: Text{"in {store} a pipe or a device stands where a file is to be read; what comes out of it could be read only once, and nobody could tell whether it was all", "have the export written to a file, under another name and renamed at the end, and give its path"},
		FR: Text{"dans {store}, un tube ou un périphérique se trouve là où un fichier doit être lu ; ce qui en sort ne pourrait être lu qu'une fois, et rien ne dirait si tout y était", "faites écrire l'export dans un fichier, sous un autre nom, puis renommer à la fin, et donnez son chemin"}}
)
