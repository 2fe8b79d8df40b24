package protect

// Département, région and their names are those of the Code officiel
// géographique of INSEE; the regions are those of law 2015-29 of 16 January 2015,
// in force since 1 January 2016. The départements of overseas, 971 to 974 and
// 976, are regions as well. The collectivities of overseas belong to no region,
// and stand together at that level.

type departement struct{ name, region string }

const (
	bretagne        = "Bretagne"
	normandie       = "Normandie"
	hauts           = "Hauts-de-France"
	ile             = "Île-de-France"
	est             = "Grand Est"
	bourgogne       = "Bourgogne-Franche-Comté"
	centre          = "Centre-Val de Loire"
	loire           = "Pays de la Loire"
	aquitaine       = "Nouvelle-Aquitaine"
	occitanie       = "Occitanie"
	alpes           = "Auvergne-Rhône-Alpes"
	provence        = "Provence-Alpes-Côte d'Azur"
	corse           = "Corse"
	collectivities  = "Outre-mer hors régions"
	monaco, foreign = "Monaco", "Étranger"
)

var departements = map[string]departement{
	"01": {"Ain", alpes}, "02": {"Aisne", hauts}, "03": {"Allier", alpes}, "04": {"Alpes-de-Haute-Provence", provence},
	"05": {"Hautes-Alpes", provence}, "06": {"Alpes-Maritimes", provence}, "07": {"Ardèche", alpes}, "08": {"Ardennes", est},
	"09": {"Ariège", occitanie}, "10": {"Aube", est}, "11": {"Aude", occitanie}, "12": {"Aveyron", occitanie},
	"13": {"Bouches-du-Rhône", provence}, "14": {"Calvados", normandie}, "15": {"Cantal", alpes}, "16": {"Charente", aquitaine},
	"17": {"Charente-Maritime", aquitaine}, "18": {"Cher", centre}, "19": {"Corrèze", aquitaine}, "2A": {"Corse-du-Sud", corse},
	"2B": {"Haute-Corse", corse}, "21": {"Côte-d'Or", bourgogne}, "22": {"Côtes-d'Armor", bretagne}, "23": {"Creuse", aquitaine},
	"24": {"Dordogne", aquitaine}, "25": {"Doubs", bourgogne}, "26": {"Drôme", alpes}, "27": {"Eure", normandie},
	"28": {"Eure-et-Loir", centre}, "29": {"Finistère", bretagne}, "30": {"Gard", occitanie}, "31": {"Haute-Garonne", occitanie},
	"32": {"Gers", occitanie}, "33": {"Gironde", aquitaine}, "34": {"Hérault", occitanie}, "35": {"Ille-et-Vilaine", bretagne},
	"36": {"Indre", centre}, "37": {"Indre-et-Loire", centre}, "38": {"Isère", alpes}, "39": {"Jura", bourgogne},
	"40": {"Landes", aquitaine}, "41": {"Loir-et-Cher", centre}, "42": {"Loire", alpes}, "43": {"Haute-Loire", alpes},
	"44": {"Loire-Atlantique", loire}, "45": {"Loiret", centre}, "46": {"Lot", occitanie}, "47": {"Lot-et-Garonne", aquitaine},
	"48": {"Lozère", occitanie}, "49": {"Maine-et-Loire", loire}, "50": {"Manche", normandie}, "51": {"Marne", est},
	"52": {"Haute-Marne", est}, "53": {"Mayenne", loire}, "54": {"Meurthe-et-Moselle", est}, "55": {"Meuse", est},
	"56": {"Morbihan", bretagne}, "57": {"Moselle", est}, "58": {"Nièvre", bourgogne}, "59": {"Nord", hauts},
	"60": {"Oise", hauts}, "61": {"Orne", normandie}, "62": {"Pas-de-Calais", hauts}, "63": {"Puy-de-Dôme", alpes},
	"64": {"Pyrénées-Atlantiques", aquitaine}, "65": {"Hautes-Pyrénées", occitanie}, "66": {"Pyrénées-Orientales", occitanie},
	"67": {"Bas-Rhin", est}, "68": {"Haut-Rhin", est}, "69": {"Rhône", alpes}, "70": {"Haute-Saône", bourgogne},
	"71": {"Saône-et-Loire", bourgogne}, "72": {"Sarthe", loire}, "73": {"Savoie", alpes}, "74": {"Haute-Savoie", alpes},
	"75": {"Paris", ile}, "76": {"Seine-Maritime", normandie}, "77": {"Seine-et-Marne", ile}, "78": {"Yvelines", ile},
	"79": {"Deux-Sèvres", aquitaine}, "80": {"Somme", hauts}, "81": {"Tarn", occitanie}, "82": {"Tarn-et-Garonne", occitanie},
	"83": {"Var", provence}, "84": {"Vaucluse", provence}, "85": {"Vendée", loire}, "86": {"Vienne", aquitaine},
	"87": {"Haute-Vienne", aquitaine}, "88": {"Vosges", est}, "89": {"Yonne", bourgogne}, "90": {"Territoire de Belfort", bourgogne},
	"91": {"Essonne", ile}, "92": {"Hauts-de-Seine", ile}, "93": {"Seine-Saint-Denis", ile}, "94": {"Val-de-Marne", ile},
	"95":  {"Val-d'Oise", ile},
	"971": {"Guadeloupe", "Guadeloupe"}, "972": {"Martinique", "Martinique"}, "973": {"Guyane", "Guyane"},
	"974": {"La Réunion", "La Réunion"}, "976": {"Mayotte", "Mayotte"},
	"975": {"Saint-Pierre-et-Miquelon", collectivities}, "977": {"Saint-Barthélemy", collectivities},
	"978": {"Saint-Martin", collectivities}, "984": {"Terres australes et antarctiques françaises", collectivities},
	"986": {"Wallis-et-Futuna", collectivities}, "987": {"Polynésie française", collectivities},
	"988": {"Nouvelle-Calédonie", collectivities}, "989": {"La Passion-Clipperton", collectivities},
	"981": {"Île des Faisans", collectivities}, "980": {monaco, monaco}, "99": {foreign, foreign},
}

// label names a département: "Ille-et-Vilaine (35)". What is none has no number.
func (d departement) label(code string) string {
	if d.name == monaco || d.name == foreign {
		return d.name
	}
	return d.name + " (" + code + ")"
}
