package messages

// geodata: GeoJSON and shapefiles. Codes LAV-4320 to LAV-4339.
var geodata = []*Message{
	GeoGeometry, GeoOutside, GeoAltitude, GeoCRS, GeoNotFeature, ShapeNot, ShapeNoTable, ShapeDiffer, ShapeBroken, ShapeIndex,
}

var (
	GeoGeometry = &Message{Code: "LAV-4320", Class: Row,
		EN: Text{"the geometry cannot be read: {why}", "repair it in the software it comes from, and export it again"},
		FR: Text{"la géométrie est illisible : {why}", "réparez-la dans le logiciel d'origine, puis refaites l'export"}}
	GeoOutside = &Message{Code: "LAV-4321", Class: Row,
		EN: Text{"a position that is nowhere on Earth in its system", "check whether the coordinates are in another system, and declare it, as in crs = \"EPSG:2154\""},
		FR: Text{"une position qui n'est nulle part sur Terre dans son système", "vérifiez si les coordonnées sont dans un autre système, et déclarez-le, par exemple crs = \"EPSG:2154\""}}
	GeoAltitude = &Message{Code: "LAV-4322", Class: Row,
		EN: Text{"a position with a height or a measure, which the column does not hold", "leave them out: altitude = \"drop\""},
		FR: Text{"une position avec une altitude ou une mesure, que la colonne ne contient pas", "laissez-les de côté : altitude = \"drop\""}}
	GeoCRS = &Message{Code: "LAV-4323", Class: Refused,
		EN: Text{"the system of coordinates of file {file} is not known: {why}", "declare it, as in crs = \"EPSG:2154\", or have the file exported in WGS84"},
		FR: Text{"le système de coordonnées du fichier {file} est inconnu : {why}", "déclarez-le, par exemple crs = \"EPSG:2154\", ou faites exporter le fichier en WGS84"}}
	GeoNotFeature = &Message{Code: "LAV-4324", Class: Row,
		EN: Text{"the object is no Feature of GeoJSON", "check sequence: it is for files of features without a collection around them"},
		FR: Text{"l'objet n'est pas une Feature de GeoJSON", "vérifiez sequence : il vaut pour les fichiers d'objets sans collection autour"}}

	ShapeNot = &Message{Code: "LAV-4330", Class: Refused,
		EN: Text{"file {file} is no shapefile that can be read: {why}", "check that the file is the right one, or export it again"},
		FR: Text{"le fichier {file} n'est pas un shapefile lisible : {why}", "vérifiez que c'est le bon fichier, ou refaites l'export"}}
	ShapeNoTable = &Message{Code: "LAV-4331", Class: Refused,
		EN: Text{"beside file {file} there is no .dbf file with its columns", "put it beside it, under the same name"},
		FR: Text{"à côté du fichier {file}, il n'y a pas de fichier .dbf avec ses colonnes", "placez-le à côté, sous le même nom"}}
	ShapeDiffer = &Message{Code: "LAV-4332", Class: Failed,
		EN: Text{"file {file} has {shapes} shapes, and the table beside it {records} records", "export both again, together"},
		FR: Text{"le fichier {file} a {shapes} formes, et la table à côté {records} enregistrements", "refaites l'export des deux, ensemble"}}
	ShapeBroken = &Message{Code: "LAV-4333", Class: Failed,
		EN: Text{"file {file} is damaged at shape {number}: {why}", "export or copy it again"},
		FR: Text{"le fichier {file} est endommagé à la forme {number} : {why}", "refaites l'export ou la copie"}}
	ShapeIndex = &Message{Code: "LAV-4334", Class: Failed,
		EN: Text{"the .shx file beside file {file} says other places of its shapes than it has", "export them again, together, or remove the .shx file, which is not needed"},
		FR: Text{"le fichier .shx à côté du fichier {file} donne à ses formes d'autres places que les leurs", "refaites l'export, les fichiers ensemble, ou retirez le fichier .shx, dont on n'a pas besoin"}}
)
