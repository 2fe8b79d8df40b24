package messages

// writing: formats in the blocks of a load. Codes LAV-4503 and LAV-4504.
var writing = []*Message{FileNotWritable}

var (
	FileNotWritable = &Message{Code: "LAV-4503", Class: Language,
		EN: Text{"files in the format {format} can be read, and not written", "write file \"csv\" {} or file \"parquet\" {}; these two can be written, and both may stand in one load"},
		FR: Text{"les fichiers au format {format} peuvent être lus, mais pas écrits", "écrivez file \"csv\" {} ou file \"parquet\" {} ; ces deux formats peuvent être écrits, et les deux peuvent se trouver dans un même load"}}
)
