package towngen

import "fmt"

// Names of people, streets and associations that do not exist. Family names
// are invented words, so that nobody bears them.
var (
	firstNames = []string{"Zoé", "Maëlys", "Noé", "Inès", "Théophane", "Célestin", "Aurèle", "Cléa", "Gaëtan", "Apolline", "Œdipe", "Ysé"}
	lastNames  = []string{"Vermeillac", "Champdoré-Lys", "Rouvraintel", "Lœnvique", "d'Aubeterneuil", "Ty-Guenolas", "Brûlefontaine", "Çavelière", "Pîneloup", "Quercyval", "Éventoux", "Maisonbleuet"}
	streets    = []string{"rue du Lavoir", "place de la Fontaine", "chemin des Écoliers", "impasse du Four-à-Pain", "allée des Tilleuls"}
	clubs      = []string{
		"Amicale du Lavoir", "Les Cœurs de Val-Fleuri", "Club de l'Âge d'or", "Boule fleurie", "Comité des fêtes",
		"Chorale « À tout chœur »", "Judo-club val-fleurien", "Théâtre de l'Œil-de-bœuf", "Les Jardins partagés", "Société de pêche",
		"Fanfare \"La Clé d'ut\"", "Ludothèque; jeux et rires", "Parents d'élèves de l'école Jeanne-Épi", "Randonneurs du Haut-Pré",
	}
	publics   = []string{"CCAS de Val-Fleuri", "Syndicat des eaux du Haut-Pré", "Collège Aimée-Lavande"}
	companies = []string{"Scierie du Haut-Pré SARL", "Boulangerie Pain d'épi", "Cinéma Le Ver luisant SAS"}
	purposes  = []string{
		"Fonctionnement annuel", "Achat de matériel (moins de 500 €)", "Fête de la Saint-Jean :\nbal, buvette\net feu d'artifice",
		"Aide à l'installation", "Voyage scolaire « découverte de l'océan »", "Réfection du toit ; 2e tranche", "Concert d'été, dit \"Les Nuits d'août\"",
		"Aide exceptionnelle après dégât des eaux", "Prime à l'achat d'un vélo",
	}
	services = []string{"Voirie", "Écoles", "État civil", "Espaces verts", "Médiathèque"}
)

// siren is a number with the right check digit in a range (000 0…) where none was given out.
func siren(n int) string {
	body := fmt.Sprintf("0000%04d", n)
	return body + checkDigit(body)
}

// siret is the establishment number nic of a siren.
func siret(n, nic int) string {
	body := siren(n) + fmt.Sprintf("%04d", nic)
	return body + checkDigit(body)
}

// checkDigit completes body to a number that passes Luhn's test.
func checkDigit(body string) string {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return fmt.Sprint((10 - sum%10) % 10)
}

// pick walks through a list with a step of its own, so that lists of different
// lengths meet in ever new ways.
func pick(list []string, i, step int) string { return list[(i*step)%len(list)] }

func person(i int) string { return pick(lastNames, i, 5) + " " + pick(firstNames, i, 7) }
