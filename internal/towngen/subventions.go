package towngen

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// subvention is a grant as the finance software exports it.
type subvention struct {
	number, year                    int
	day, month                      int
	act, name, siret, kind, purpose string
	cents                           int
	nature, payment                 string
}

func subventions(year, rows int) []subvention {
	var all []subvention
	for i := range rows {
		s := subvention{
			number: i + 1, year: year, day: 1 + (i*11)%28, month: 1 + (i*5)%12,
			act:     fmt.Sprintf("%d-%02d-%02d", year, 1+i/12, 1+i%12),
			purpose: pick(purposes, i, 2), cents: 1000 + (i*i*7919+i*104729+year*37)%9_500_000,
			nature: "aide en numéraire", payment: "unique",
		}
		switch i % 10 {
		case 3, 6:
			s.name, s.kind = person(i+year), "PP"
			s.cents %= 120_000
		case 7:
			s.name, s.kind, s.siret = pick(publics, i, 1), "PUBLIC", siret(100+i%len(publics), 1)
		case 8:
			s.name, s.kind, s.siret = pick(companies, i, 1), "SOCIETE", siret(200+i%len(companies), 2)
		case 9:
			s.name = person(i + 2*year) // nobody said what it is: it has to be taken for a person
		default:
			s.name, s.kind, s.siret = pick(clubs, i, 3), "ASSO", siret(300+(i*3)%len(clubs), 1)
		}
		if i%13 == 5 {
			s.nature = "prêt d'une salle ; aide en nature"
		}
		if i%4 == 1 {
			s.payment = "échelonné"
		}
		if i == rows-2 {
			s.cents = -15_000 // a grant that was taken back
		}
		all = append(all, s)
	}
	return all
}

// export writes what Windows software of town halls does: cp1252, semicolons,
// decimal commas, thousands apart, CRLF between rows and LF inside cells.
func export(rows []subvention, thousands string) ([]byte, error) {
	var b bytes.Buffer
	line(&b, "numero", "exercice", "date_convention", "deliberation", "nom", "siret", "type_tiers", "objet", "montant", "nature", "versement")
	for _, s := range rows {
		line(&b, fmt.Sprintf("%05d", s.number), fmt.Sprint(s.year), fmt.Sprintf("%02d/%02d/%04d", s.day, s.month, s.year),
			s.act, s.name, s.siret, s.kind, s.purpose, amount(s.cents, thousands), s.nature, s.payment)
	}
	return charmap.Windows1252.NewEncoder().Bytes(b.Bytes())
}

func line(b *bytes.Buffer, cells ...string) {
	for i, c := range cells {
		if i > 0 {
			b.WriteByte(';')
		}
		if strings.ContainsAny(c, "\";\n") {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		b.WriteString(c)
	}
	b.WriteString("\r\n")
}

// amount writes 123456 cents as 1 234,56.
func amount(cents int, thousands string) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	whole := fmt.Sprint(cents / 100)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + thousands + whole[i:]
	}
	return fmt.Sprintf("%s%s,%02d", sign, whole, cents%100)
}
