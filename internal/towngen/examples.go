package towngen

import (
	"fmt"
	"strings"
)

// Examples are the exports that examples read, by name under examples.
func Examples() map[string][]byte {
	return map[string][]byte{
		"agents/donnees/agents.csv":           []byte(staff(320)),
		"petite-enfance/donnees/familles.csv": []byte(families(340)),
	}
}

// drawn gives numbers that look drawn, and are the same every time.
type drawn uint64

// below is a number from 0 up to n, which is left out.
func (d *drawn) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	return int(uint64(*d>>33) % uint64(n))
}

// of is one of the values, a value that comes w times w times as likely.
func of[T any](d *drawn, values []T, weights []int) T {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	at := d.below(sum)
	for i, w := range weights {
		if at -= w; at < 0 {
			return values[i]
		}
	}
	return values[0]
}

// post is a grade and the least salary band of those who hold it.
type post struct {
	grade string
	band  int
}

var (
	posts = []post{
		{"Adjoint technique", 0}, {"Adjoint technique principal", 1}, {"Agent de maîtrise", 1}, {"Technicien", 2}, {"Ingénieur", 3},
		{"Adjoint administratif", 0}, {"Adjoint administratif principal", 1}, {"Rédacteur", 2}, {"Attaché", 3},
		{"Auxiliaire de puériculture", 1}, {"Éducateur de jeunes enfants", 2}, {"Adjoint d'animation", 0},
	}
	postWeights = []int{22, 14, 8, 5, 2, 14, 10, 8, 4, 7, 4, 8}
	bands       = []string{"moins de 1 900 €", "1 900 à 2 299 €", "2 300 à 2 799 €", "2 800 à 3 499 €", "3 500 € et plus"}
	offices     = []string{"Voirie", "Espaces verts", "Bâtiments", "État civil", "Finances", "Ressources humaines", "Écoles", "Crèches", "Médiathèque"}
	weights     = []int{16, 14, 12, 8, 7, 5, 18, 12, 5}
)

// staff is the export of the software of human resources, by name.
func staff(n int) string {
	d := drawn(5)
	var b strings.Builder
	b.WriteString("matricule;nom;prenom;date_naissance;grade;direction;tranche_salaire\n")
	for i := range n {
		p := of(&d, posts, postWeights)
		year := 1960 + d.below(44)
		band := p.band + d.below(2)
		if year < 1985 {
			band += d.below(2)
		}
		fmt.Fprintf(&b, "M%05d;%s;%s;%d-%02d-%02d;%s;%s;%s\n", 700+d.below(89)+i*97, lastNames[i*len(lastNames)/n], firstNames[d.below(len(firstNames))],
			year, 1+d.below(12), 1+d.below(28), p.grade, of(&d, offices, weights), bands[min(band, len(bands)-1)])
	}
	return b.String()
}

var (
	quarters       = []string{"Bourg", "Les Tilleuls", "Fontaine", "Four-à-Pain", "Moulin", "Haut-Pré", "La Garenne", "Gare"}
	quarterWeights = []int{22, 14, 16, 7, 9, 12, 6, 14}
	aids           = []string{"aucune", "CAF", "CCAS", "département"}
	aidWeights     = []int{9, 7, 3, 2}
)

// families is the export of the software of childcare, a family a row, in the order
// in which they came.
func families(n int) string {
	d := drawn(11)
	var b strings.Builder
	b.WriteString("id_famille;responsable;quotient_familial;personnes;quartier;mois;aide\n")
	for i := range n {
		quotient := 120 + d.below(700) + d.below(700) + d.below(500)
		size := of(&d, []int{2, 3, 4, 5, 6, 7, 8}, []int{14, 34, 30, 14, 5, 2, 1})
		fmt.Fprintf(&b, "F%05d;%s;%d;%d;%s;%d;%s\n", 20110+i*37+d.below(30), person(d.below(1000)), quotient, size,
			of(&d, quarters, quarterWeights), 1+d.below(11), of(&d, aids, aidWeights))
	}
	return b.String()
}
