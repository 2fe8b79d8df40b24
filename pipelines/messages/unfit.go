package messages

// unfit: formats that a load cannot write, and acceptances of pipelines that there are
// not. Codes LAV-4503 to LAV-4504.
var unfit = []*Message{FileNotWritable, AcceptancePipeline}

var (
	FileNotWritable = &Message{Code: "LAV-4503", Class: Language,
		EN: Text{"files in the format {format} can be read, and not written", "write file \"csv\" {} or file \"parquet\" {}; these two can be written, and both may stand in one load"},
		FR: Text{"les fichiers au format {format} peuvent être lus, mais pas écrits", "écrivez file \"csv\" {} ou file \"parquet\" {} ; ces deux formats peuvent être écrits, et les deux peuvent se trouver dans un même load"}}
	AcceptancePipeline = &Message{Code: "LAV-4504", Class: Warning,
		EN: Text{"the acceptance {file} of {rule} does not apply: there is no pipeline {pipeline} here", "remove the file; where the pipeline has another name now, have {rule} accepted anew under that"},
		FR: Text{"l'acceptation {file} de {rule} ne s'applique pas : il n'y a pas ici de pipeline {pipeline}", "retirez le fichier ; si le pipeline a maintenant un autre nom, faites accepter {rule} à nouveau sous celui-ci"}}
)
