package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A world is a project of some random small tables, each with a policy of its own,
// whose cells are canaries: so long that they are nowhere by chance.

// victim is a table that is attacked.
type victim struct {
	name      string
	rows      []person
	model     bool // else a rule masks names
	k, l      int
	pseudonym bool
	destroyed bool // its key
	subject   bool // k counts persons
	public    bool // a column that tells each row apart
	emptied   bool // the references leave, as nothing
	leaf      int  // least level of the place
	limit     string
	parquet   string
	places    [][]string // value, zone, sector
	base      int64      // of sizes
	otherwise string
}

// person is a row.
type person struct {
	nom, note, lieu, genre, etat, libre string
	ref, taille                         int64
	jour                                time.Time
}

const headerOfVictims = "nom,ref,note,lieu,taille,jour,genre,etat,libre"

func (p person) cells() []string {
	return []string{p.nom, strconv.FormatInt(p.ref, 10), p.note, p.lieu, strconv.FormatInt(p.taille, 10), p.jour.Format(time.DateOnly), p.genre, p.etat, p.libre}
}

// canary is a text of 24 letters that nobody writes.
func canary(r *rand.Rand) string {
	const letters = "BCDFGHJKLMNPQRSTVWXZ23456789"
	b := make([]byte, 24)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

func someRef(r *rand.Rand) int64 { return 100_000_000_000_000 + r.Int64N(800_000_000_000_000) }

const band = 1_000_000

// size is a number of one of the bands, away from their bounds.
func (v *victim) size(r *rand.Rand, of int) int64 {
	return v.base + int64(of-1)*band + 10 + r.Int64N(band-20)
}

func day(r *rand.Rand, month int) time.Time {
	return time.Date(1907+month/12, time.Month(1+month%12), 1+r.IntN(28), 0, 0, 0, 0, time.UTC)
}

func newVictim(r *rand.Rand, n int) *victim {
	v := &victim{name: "t" + strconv.Itoa(n), model: n%10 != 1, k: 2 + r.IntN(3), l: 1 + r.IntN(3), subject: r.IntN(2) == 0, pseudonym: r.IntN(3) == 0,
		emptied: r.IntN(2) == 0, leaf: r.IntN(2), limit: []string{"0.3", "0.6", "0.9"}[r.IntN(3)], base: 100_000_000_000 + r.Int64N(800_000)*band}
	v.public = !v.pseudonym && r.IntN(2) == 0
	v.parquet = fmt.Sprintf("compression = %q\npage_version = %d", []string{"zstd", "snappy", "none"}[r.IntN(3)], 1+r.IntN(2))
	rows := 8 + r.IntN(33)
	if n%10 < 2 && r.IntN(2) == 0 || n%10 == 0 {
		rows = 1
	}
	for i := range 4 + r.IntN(4) {
		v.places = append(v.places, []string{canary(r), fmt.Sprintf("Zone %d de %s", i/2, v.name), fmt.Sprintf("Secteur %d de %s", i/4, v.name)})
	}
	etats := []string{canary(r), canary(r), canary(r), canary(r)}
	for range rows {
		p := person{nom: canary(r), note: canary(r), ref: someRef(r), lieu: v.places[r.IntN(len(v.places))][0], taille: v.size(r, r.IntN(4)),
			jour: day(r, r.IntN(5)), genre: []string{"V1", "V2"}[r.IntN(2)], etat: etats[r.IntN(len(etats))], libre: canary(r)}
		switch r.IntN(12) {
		case 0:
			p.genre = canary(r) // who is of it looks like nobody else
		case 1:
			p.genre = ""
		case 2:
			p.etat = ""
		case 3:
			if n := len(v.rows); n > 0 && !v.pseudonym {
				p.nom = v.rows[r.IntN(n)].nom
			}
		}
		v.rows = append(v.rows, p)
	}
	if v.pseudonym {
		v.subject, v.destroyed = true, n%2 == 0
	}
	if !v.model {
		v.pseudonym, v.public, v.otherwise = false, true, "Personne physique"
	}
	return v
}

func (v *victim) csv() string {
	var b strings.Builder
	b.WriteString(headerOfVictims + "\n")
	for _, p := range v.rows {
		b.WriteString(strings.Join(p.cells(), ",") + "\n")
	}
	return b.String()
}

func (v *victim) hierarchy() string {
	var b strings.Builder
	for _, p := range v.places {
		b.WriteString(strings.Join(p, ";") + ";*\n")
	}
	return b.String()
}

// block is the pipeline of the table.
func (v *victim) block() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("pipeline %q {\nauthorization {\nallowed = true\nreference = \"essai\"\n}", v.name)
	line("source \"file\" \"f\" {\nconnection = connection.local.depot\npath = \"%s.csv\"", v.name)
	line("personal = [\"nom\", \"ref\", \"note\", \"lieu\", \"taille\", \"jour\", \"etat\"]\nformat \"csv\" {\ncolumns = { ref = int64, taille = int64, jour = date }\n}\n}")
	line("privacy {")
	switch {
	case !v.model:
		line("identifier \"nom\" {\nclear_when = row.genre == \"V1\"\notherwise = %q\n}", v.otherwise)
	case v.pseudonym:
		key := "key = secret.racine\nrotate = \"per_release\""
		if v.destroyed {
			key = "destroy_after = \"publish\""
		}
		line("identifier \"nom\" {\naction = \"pseudonym\"\n%s\n}", key)
	default:
		line("identifier \"nom\" {\naction = \"drop\"\n}")
	}
	if v.emptied {
		line("identifier \"ref\" {\naction = \"null\"\n}")
	}
	public := []string{}
	if v.public {
		public = append(public, "\"libre\"")
	}
	if v.model {
		if v.subject {
			line("subject = \"nom\"")
		}
		line("quasi \"lieu\" {\nhierarchy_file = \"hierarchies/%s.csv\"\nmin_level = %d\n}", v.name, v.leaf)
		line("quasi \"taille\" {\nbands = [\"%d\", \"%d\", \"%d\"]\nbottom = \"%[1]d\"\ntop = \"%[3]d\"\nmin_level = 1\nmax_level = 1\n}", v.base, v.base+band, v.base+2*band)
		line("quasi \"jour\" {\nperiod = \"month\"\nmin_level = 1\n}")
		line("quasi \"genre\" {}")
		if v.l > 1 {
			line("sensitive \"etat\" {\ndiversity {\nl = %d\n}\n}", v.l)
		}
		line("model {\nk = %d\nsuppression_limit = %s\n}", v.k, v.limit)
	} else {
		public = append(public, "\"genre\"")
	}
	line("public = [%s]\n}", strings.Join(public, ", "))
	line("load \"local\" \"portail\" {\nconnection = connection.local.portail\nprefix = %q\nkeep = 4\nfile \"csv\" {}\nfile \"parquet\" {\n%s\nbloom = [%s]\n}\n}\n}", v.name, v.parquet, v.bloom())
	return b.String()
}

// bloom are columns that leave, of which a filter is asked.
func (v *victim) bloom() string {
	names := []string{"\"genre\""}
	if v.public {
		names = append(names, "\"libre\"")
	}
	if v.model {
		names = append(names, "\"lieu\"", "\"taille\"")
	}
	return strings.Join(names, ", ")
}

// manifestOfVictim is what the attacker knows of the levels.
type manifestOfVictim struct {
	Release    string
	Privacy    []string
	Protection struct {
		Anonymous bool
		Columns   []struct{ Name, Level string }
	}
}

// published are the rows that a release of the table may show, by the levels of its
// manifest: simple code that shares nothing with what is attacked.
func (v *victim) published(manifest string) (columns []string, rows [][]string, err error) {
	var m manifestOfVictim
	if err := json.Unmarshal([]byte(manifest), &m); err != nil {
		return nil, nil, err
	}
	level := map[string]string{}
	for _, c := range m.Protection.Columns {
		level[c.Name] = c.Level
	}
	if !v.model {
		return v.masked()
	}
	type class struct{ persons, values map[string]bool }
	classes := map[string]*class{}
	labels := make([][]string, len(v.rows))
	for i, p := range v.rows {
		l := []string{v.place(p.lieu, level["lieu"]), v.bandOf(p.taille), period(p.jour, level["jour"]), p.genre}
		for _, label := range l[:3] {
			if label == "" {
				return nil, nil, fmt.Errorf("levels %v", level)
			}
		}
		labels[i] = l
		key := strings.Join(l, "\x00")
		c := classes[key]
		if c == nil {
			c = &class{map[string]bool{}, map[string]bool{}}
			classes[key] = c
		}
		who := strconv.Itoa(i)
		if v.subject {
			who = p.nom
		}
		c.persons[who] = true
		if p.etat != "" {
			c.values[p.etat] = true
		}
	}
	if v.emptied {
		columns = append(columns, "ref")
	}
	columns = append(columns, "lieu", "taille", "jour", "genre")
	if v.l > 1 {
		columns = append(columns, "etat")
	}
	if v.public {
		columns = append(columns, "libre")
	}
	for i, p := range v.rows {
		c := classes[strings.Join(labels[i], "\x00")]
		if len(c.persons) < v.k || v.l > 1 && len(c.values) < v.l {
			continue
		}
		row := slices.Clone(labels[i])
		if v.emptied {
			row = slices.Concat([]string{""}, row)
		}
		if v.l > 1 {
			row = append(row, p.etat)
		}
		if v.public {
			row = append(row, p.libre)
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}

func (v *victim) masked() (columns []string, rows [][]string, err error) {
	columns = []string{"nom", "genre", "libre"}
	if v.emptied {
		columns = []string{"nom", "ref", "genre", "libre"}
	}
	for _, p := range v.rows {
		name := v.otherwise
		if p.genre == "V1" {
			name = p.nom
		}
		row := []string{name, p.genre, p.libre}
		if v.emptied {
			row = []string{name, "", p.genre, p.libre}
		}
		rows = append(rows, row)
	}
	return columns, rows, nil
}

func (v *victim) place(value, level string) string {
	for _, p := range v.places {
		if p[0] == value {
			switch level {
			case "":
				return value
			case "niveau 1":
				return p[1]
			case "niveau 2":
				return p[2]
			case "valeurs masquées":
				return "*"
			}
		}
	}
	return ""
}

func (v *victim) bandOf(size int64) string {
	switch at := (size - v.base) / band; {
	case size < v.base:
		return fmt.Sprintf("moins de %d", v.base)
	case at < 2:
		return fmt.Sprintf("%d à %d", v.base+at*band, v.base+(at+1)*band-1)
	}
	return fmt.Sprintf("%d ou plus", v.base+2*band)
}

func period(d time.Time, level string) string {
	switch level {
	case "mois":
		return d.Format("2006-01")
	case "trimestre":
		return fmt.Sprintf("%d-T%d", d.Year(), (int(d.Month())+2)/3)
	case "année":
		return d.Format("2006")
	case "valeurs masquées":
		return "*"
	}
	return ""
}

// hidden changes all that a release of the table does not show: names, references,
// notes, and values within what they are published as. A release of it is the same.
func (v *victim) hidden(r *rand.Rand) {
	names := map[string]string{}
	for i := range v.rows {
		p := &v.rows[i]
		if names[p.nom] == "" {
			names[p.nom] = canary(r)
		}
		if v.model || p.genre != "V1" {
			p.nom = names[p.nom]
		}
		p.note, p.ref = canary(r), someRef(r)
		if v.model {
			for p.taille = p.taille - (p.taille-v.base+band)%band; ; {
				if to := p.taille + 10 + r.Int64N(band-20); to != p.taille {
					p.taille = to
					break
				}
			}
			p.jour = day(r, (p.jour.Year()-1907)*12+int(p.jour.Month())-1)
			if !v.public {
				p.libre = canary(r)
			}
			if v.l == 1 {
				p.etat = canary(r)
			}
		}
	}
}

// next is another input: a row is gone, another changed, one is new.
func (v *victim) next(r *rand.Rand) {
	if len(v.rows) > 3 {
		at := r.IntN(len(v.rows))
		v.rows = slices.Delete(v.rows, at, at+1)
		v.rows[r.IntN(len(v.rows))].genre = "V2"
	}
	p := v.rows[r.IntN(len(v.rows))]
	p.nom, p.libre, p.note, p.ref = canary(r), canary(r), canary(r), someRef(r)
	v.rows = append(v.rows, p)
}
