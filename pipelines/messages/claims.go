package messages

// claims: files that say more of themselves than is taken in.
// Codes LAV-4550 to LAV-4554.
var claims = []*Message{ParquetDescribes, ParquetLongFooter}

var (
	ParquetDescribes = &Message{Code: "LAV-4550", Class: Failed,
		EN: Text{"what the footer of file {file} describes, its columns and their parts in row groups, takes more than {bound}", "have the file written with fewer columns or larger row groups; where memory is small, raise it in the project block"},
		FR: Text{"ce que décrit le pied du fichier {file}, ses colonnes et leurs parts dans les groupes de lignes, demande plus de {bound}", "faites écrire le fichier avec moins de colonnes ou des groupes de lignes plus grands ; si memory est faible, augmentez-la dans le bloc project"}}
	ParquetLongFooter = &Message{Code: "LAV-4551", Class: Failed,
		EN: Text{"the footer of the Parquet file is larger than {bound}", "write fewer columns, or split the pipeline into partitions so that each file has fewer rows"},
		FR: Text{"le pied du fichier Parquet dépasse {bound}", "écrivez moins de colonnes, ou découpez le pipeline en partitions pour que chaque fichier ait moins de lignes"}}
)
