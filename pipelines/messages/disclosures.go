package messages

// disclosures: hierarchies, classes, models and the search. Codes LAV-9100 to LAV-9159.
var disclosures = []*Message{
	HierarchyLacks, HierarchySplits, HierarchyTwice, HierarchyLine, HierarchyEmpty, StarInData, StepsSplit,
	NothingToProtect, TooFewRows, AllSuppressed, NoLevels, LatticeTooLarge, TooManyToCount, TooManyValues, TooManyClasses,
	ModelsApart,
}

var (
	HierarchyLacks = &Message{Code: "LAV-9100", Class: Refused,
		EN: Text{"the hierarchy of column {column} lacks values that occur: {values} of them, in {rows} rows, first in row {row}", "add them to the hierarchy (of bands: other bounds, or bottom and top for those beyond), or correct the data; nothing passes without a place in it"},
		FR: Text{"la hiérarchie de la colonne {column} ne contient pas toutes les valeurs présentes : il en manque {values}, dans {rows} lignes, la première à la ligne {row}", "ajoutez-les à la hiérarchie (pour bands : d'autres bornes, ou bottom et top pour ce qui est au-delà), ou corrigez les données ; rien ne passe sans y avoir une place"}}
	HierarchySplits = &Message{Code: "LAV-9101", Class: Language,
		EN: Text{"the hierarchy of column {column} does not nest: at line {line}, level {level} parts what level {below} had joined", "give all leaves that share a label at one level the same label at the next"},
		FR: Text{"la hiérarchie de la colonne {column} n'est pas emboîtée : ligne {line}, le niveau {level} sépare ce que le niveau {below} avait réuni", "donnez à toutes les feuilles qui ont le même libellé à un niveau le même libellé au niveau suivant"}}
	HierarchyTwice = &Message{Code: "LAV-9102", Class: Language,
		EN: Text{"the hierarchy of column {column} gives the value of line {line} a second time, after line {first}", "keep one of the two lines"},
		FR: Text{"la hiérarchie de la colonne {column} donne une seconde fois, ligne {line}, la valeur de la ligne {first}", "gardez une des deux lignes"}}
	HierarchyLine = &Message{Code: "LAV-9103", Class: Language,
		EN: Text{"line {line} of the hierarchy of column {column} cannot be read: {why}", "correct the line; a hierarchy is UTF-8 text, either leaf;level 1;…;* in every line, or codes with one @ per depth"},
		FR: Text{"la ligne {line} de la hiérarchie de la colonne {column} est illisible : {why}", "corrigez la ligne ; une hiérarchie est un texte UTF-8, avec feuille;niveau 1;…;* à chaque ligne, ou des codes précédés d'un @ par profondeur"}}
	HierarchyEmpty = &Message{Code: "LAV-9104", Class: Language,
		EN: Text{"the hierarchy of column {column} is empty", "give it a line for each value"},
		FR: Text{"la hiérarchie de la colonne {column} est vide", "donnez-lui une ligne par valeur"}}
	StarInData = &Message{Code: "LAV-9105", Class: Refused,
		EN: Text{"column {column} holds * as a value in {rows} rows, first in row {row}: it would read as a value that was suppressed", "replace it, or empty it, before the privacy stage"},
		FR: Text{"la colonne {column} contient la valeur * dans {rows} lignes, la première à la ligne {row} : elle se lirait comme une valeur supprimée", "remplacez-la, ou videz-la, avant l'étape de confidentialité"}}
	StepsSplit = &Message{Code: "LAV-9106", Class: Language,
		EN: Text{"the generalisations of column {column} do not nest: level {level} parts what level {below} had joined", "choose bands, bases or lengths of which each joins whole groups of the one before"},
		FR: Text{"les généralisations de la colonne {column} ne sont pas emboîtées : le niveau {level} sépare ce que le niveau {below} avait réuni", "choisissez des tranches, des bases ou des longueurs dont chacune réunit des groupes entiers de la précédente"}}

	NothingToProtect = &Message{Code: "LAV-9110", Class: Refused,
		EN: Text{"there is no row to publish", "check the source and the filters before the privacy stage"},
		FR: Text{"il n'y a aucune ligne à publier", "vérifiez la source et les filtres qui précèdent l'étape de confidentialité"}}
	TooFewRows = &Message{Code: "LAV-9111", Class: Refused,
		EN: Text{"there are {rows} rows, and the models ask for {least} in every class", "publish more rows together, as a longer period or several towns, or lower k"},
		FR: Text{"il y a {rows} lignes, et les modèles en demandent {least} dans chaque groupe", "publiez davantage de lignes ensemble, sur une période plus longue ou pour plusieurs communes, ou abaissez k"}}
	AllSuppressed = &Message{Code: "LAV-9112", Class: Refused,
		EN: Text{"all {rows} rows would have to be suppressed", "give hierarchies higher levels, declare fewer quasi-identifiers, or publish more rows together"},
		FR: Text{"les {rows} lignes devraient toutes être supprimées", "donnez aux hiérarchies des niveaux plus élevés, déclarez moins de quasi-identifiants, ou publiez davantage de lignes ensemble"}}
	NoLevels = &Message{Code: "LAV-9113", Class: Refused,
		EN: Text{"no levels satisfy the models: of {rows} rows at most {limit} may be suppressed, and the best found would suppress {suppressed}", "raise suppression_limit, give hierarchies higher levels, or ask less of the models"},
		FR: Text{"aucun choix de niveaux ne satisfait les modèles : sur {rows} lignes, {limit} au plus peuvent être supprimées, et le meilleur trouvé en supprimerait {suppressed}", "relevez suppression_limit, donnez aux hiérarchies des niveaux plus élevés, ou demandez moins aux modèles"}}
	LatticeTooLarge = &Message{Code: "LAV-9114", Class: Refused,
		EN: Text{"the quasi-identifiers have {nodes} choices of levels, more than the {bound} that an optimal search takes on", "write search = \"mondrian\", declare fewer quasi-identifiers, or leave out levels"},
		FR: Text{"les quasi-identifiants ont {nodes} choix de niveaux, plus que les {bound} d'une recherche optimale", "écrivez search = \"mondrian\", déclarez moins de quasi-identifiants, ou retirez des niveaux"}}
	TooManyToCount = &Message{Code: "LAV-9115", Class: Refused,
		EN: Text{"there are more rows than the {bound} that are counted together", "publish them in several partitions"},
		FR: Text{"il y a plus de lignes que les {bound} qui se comptent ensemble", "publiez-les en plusieurs partitions"}}
	TooManyValues = &Message{Code: "LAV-9116", Class: Refused,
		EN: Text{"the quasi-identifiers and sensitive columns have more distinct values than fit in the memory of the stage ({bound} bytes)", "give the task more memory, or leave out of the policy the column that has a value for almost every row"},
		FR: Text{"les quasi-identifiants et les colonnes sensibles ont plus de valeurs distinctes que n'en contient la mémoire de l'étape ({bound} octets)", "donnez plus de mémoire à la tâche, ou retirez de la politique la colonne qui a une valeur pour presque chaque ligne"}}
	TooManyClasses = &Message{Code: "LAV-9117", Class: Refused,
		EN: Text{"the classes do not fit in the memory of the stage ({bound} bytes)", "give the task more memory"},
		FR: Text{"les groupes ne tiennent pas dans la mémoire de l'étape ({bound} octets)", "donnez plus de mémoire à la tâche"}}
	ModelsApart = &Message{Code: "LAV-9118", Class: Language,
		EN: Text{"these do not go together: {first}, {second}", "leave one of them out"},
		FR: Text{"ceci ne va pas ensemble : {first}, {second}", "retirez l'un des deux"}}
)
