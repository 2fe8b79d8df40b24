package messages

// geoguesses: what lavoir guess says of geometries. Codes LAV-4142 to LAV-4145.
var geoguesses = []*Message{GuessSystem, GuessSystemLikely, GuessHeights, GuessGeometry}

var (
	GuessSystem = &Message{Code: "LAV-4142", Class: Warning,
		EN: Text{"coordinates: the file says that they are in {system}", "if that is wrong, declare the right one, as in crs = \"EPSG:2154\""},
		FR: Text{"coordonnées : le fichier dit qu'elles sont en {system}", "si c'est faux, déclarez le bon système, par exemple crs = \"EPSG:2154\""}}
	GuessSystemLikely = &Message{Code: "LAV-4143", Class: Warning,
		EN: Text{"crs: nothing says which system the coordinates are in; by where they lie {system} is likely, and others are possible", "look at a place that you know on a map, or have the file exported again with its .prj"},
		FR: Text{"crs : rien ne dit dans quel système sont les coordonnées ; d'après leurs valeurs {system} est probable, sans être le seul possible", "vérifiez sur une carte un lieu que vous connaissez, ou faites refaire l'export avec son .prj"}}
	GuessHeights = &Message{Code: "LAV-4144", Class: Warning,
		EN: Text{"altitude: {count} rows have heights or measures, which the column of geometries does not hold; they are left out", "to reject such rows instead, remove altitude"},
		FR: Text{"altitude : {count} lignes ont des altitudes ou des mesures, que la colonne de géométries ne contient pas ; elles sont laissées de côté", "pour rejeter ces lignes, retirez altitude"}}
	GuessGeometry = &Message{Code: "LAV-4145", Class: Warning,
		EN: Text{"geometry: {count} rows have one; column {column} has it as WKB, longitudes and latitudes of WGS84", "where a position tells who somebody is, leave the column out of public"},
		FR: Text{"géométrie : {count} lignes en ont une ; la colonne {column} la donne en WKB, longitudes et latitudes WGS84", "si une position révèle qui est quelqu'un, retirez la colonne de public"}}
)
