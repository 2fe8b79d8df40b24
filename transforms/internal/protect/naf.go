package protect

import (
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// section is a section of the NAF rév. 2 and its divisions.
type section struct{ first, last, label string }

// sections are those of the NAF rév. 2 (décret 2007-1888, INSEE 2008), which the
// NAF 2025 replaces for new publications.
var sections = []section{
	{"01", "03", "A Agriculture, sylviculture et pêche"},
	{"05", "09", "B Industries extractives"},
	{"10", "33", "C Industrie manufacturière"},
	{"35", "35", "D Production et distribution d'électricité, de gaz, de vapeur et d'air conditionné"},
	{"36", "39", "E Production et distribution d'eau ; assainissement, gestion des déchets et dépollution"},
	{"41", "43", "F Construction"},
	{"45", "47", "G Commerce ; réparation d'automobiles et de motocycles"},
	{"49", "53", "H Transports et entreposage"},
	{"55", "56", "I Hébergement et restauration"},
	{"58", "63", "J Information et communication"},
	{"64", "66", "K Activités financières et d'assurance"},
	{"68", "68", "L Activités immobilières"},
	{"69", "75", "M Activités spécialisées, scientifiques et techniques"},
	{"77", "82", "N Activités de services administratifs et de soutien"},
	{"84", "84", "O Administration publique"},
	{"85", "85", "P Enseignement"},
	{"86", "88", "Q Santé humaine et action sociale"},
	{"90", "93", "R Arts, spectacles et activités récréatives"},
	{"94", "96", "S Autres activités de services"},
	{"97", "98", "T Activités des ménages en tant qu'employeurs ; activités indifférenciées des ménages en tant que producteurs de biens et services pour usage propre"},
	{"99", "99", "U Activités extra-territoriales"},
}

// sectionOf is the label of the section of a division, or "".
func sectionOf(division string) string {
	for _, s := range sections {
		if s.first <= division && division <= s.last {
			return s.label
		}
	}
	return ""
}

// NAF brings activity codes, 62.01Z or 6201Z, to the class, group, division and
// section of the NAF rév. 2. Whether a sub-class exists is not looked at: its
// division must. A code of another nomenclature or of another level, 62.01 or
// 62, is outside of the domain.
type NAF struct{}

// NewNAF is for texts.
func NewNAF(t arrow.DataType) (NAF, error) { return NAF{}, typed(t, "text", arrow.STRING) }

// Levels are those above the sub-class.
func (NAF) Levels() []string { return []string{"classe", "groupe", "division", "section"} }

// Domain is the sub-classes.
func (NAF) Domain() string { return "sous-classes de la NAF rév. 2" }

// Labels are the class, group, division and section of code i of a.
func (NAF) Labels(dst []string, a arrow.Array, i int) ([]string, bool) {
	s := a.(*array.String).Value(i)
	if len(s) == 6 && s[2] == '.' {
		s = s[:2] + s[3:]
	}
	if len(s) != 5 || s[4] < 'A' || s[4] > 'Z' || strings.Trim(s[:4], "0123456789") != "" {
		return dst, false
	}
	label := sectionOf(s[:2])
	if label == "" {
		return dst, false
	}
	return append(dst, s[:2]+"."+s[2:4], s[:2]+"."+s[2:3], strings.Clone(s[:2]), label), true
}
