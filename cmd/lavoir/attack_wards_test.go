package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The other half of the attack: what a policy does besides levels. A ward is a table
// whose policy lets out sums that are of enough persons, means of rows, ranges of each
// group's own, rows that are like those of a population, numbers in place of names, or
// rows under a rule; and in which some objected, texts name persons and rows cannot be
// read.

// shape is what the policy of a ward does.
type shape string

const (
	sums    shape = "sums"    // clear
	means   shape = "means"   // microaggregate
	ranges  shape = "ranges"  // Mondrian
	mapped  shape = "mapped"  // k_map
	numbers shape = "numbers" // surrogate
	ruled   shape = "ruled"   // no model
)

var shapes = []shape{sums, sums, sums, means, means, ranges, ranges, mapped, numbers, ruled}

// ward is a table that is attacked.
type ward struct {
	victim  // its name, places and bounds
	shape   shape
	members []member
	unread  int             // rows that cannot be read
	opposes bool            // some may object
	objects map[string]bool // the names of who did
	texts   bool            // a column of texts leaves, redacted
	erases  bool            // the older releases
	open    bool            // its policy forgets who objected, and to compare releases
	term    string          // a word that the project has on its list
	crossed bool            // of sums: by two columns
	margin  string          // of sums: what stands for all zones; nothing for no such rows
	least   int
	share   [2]int64 // of sums: a fraction; 0 for none
	map_    int      // of mapped
	people  []inhabitant
	amounts map[int64]string // that were ever in the input
}

type member struct {
	person
	zone           string
	montant, prime int64 // 0: nothing
	text           passages
}

// inhabitant is a line of a population.
type inhabitant struct {
	person
	weight int
}

const headerOfWards = headerOfVictims + ",zone,montant,prime,objet"

func (m member) fields() []string {
	amount := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	return append(m.cells(), m.zone, amount(m.montant), amount(m.prime), m.text.written)
}

func someAmount(r *rand.Rand) int64 { return 10_000_000_000_000 + r.Int64N(90_000_000_000_000) }

func newWard(r *rand.Rand, n int) *ward {
	d := &ward{victim: *newVictim(r, 2), shape: shapes[n%len(shapes)], objects: map[string]bool{}, unread: r.IntN(3), texts: r.IntN(2) == 0,
		term: strings.ToUpper(canaryWord(r)), erases: r.IntN(4) == 0, least: 2 + r.IntN(3), crossed: r.IntN(3) == 0, map_: 2 + r.IntN(5)}
	d.name = "p" + strconv.Itoa(n)
	d.model = d.shape != sums && d.shape != means && d.shape != ruled
	d.pseudonym, d.public = d.shape == numbers, d.shape == numbers || d.shape == mapped && d.public
	d.emptied = false
	d.opposes, d.texts = d.shape != sums && r.IntN(3) > 0, d.texts && d.shape != sums
	switch d.shape {
	case sums:
		d.share = [][2]int64{{0, 1}, {85, 100}, {1, 2}}[r.IntN(3)]
		d.margin = []string{"", "", "Ensemble", "Val-Fleuri"}[r.IntN(4)]
	case means:
		d.l, d.subject, d.erases = 1, false, r.IntN(2) == 0
	case ranges:
		d.leaf, d.erases = 0, r.IntN(2) == 0
	case mapped:
		d.erases = r.IntN(2) == 0
	case numbers:
		d.subject, d.destroyed, d.l = true, r.IntN(3) == 0, 1+r.IntN(2)
	case ruled:
		d.l, d.opposes, d.texts, d.erases, d.otherwise = 1, true, true, true, "Personne physique"
	}
	rows := 12 + r.IntN(30)
	if r.IntN(12) == 0 {
		rows = 1
	}
	etats := []string{canary(r), canary(r), canary(r), canary(r)}
	for range rows {
		d.members = append(d.members, d.someone(r, etats))
	}
	if d.shape == mapped {
		for range 60 + r.IntN(60) {
			m := d.someone(r, etats)
			d.people = append(d.people, inhabitant{m.person, 1 + r.IntN(2)})
		}
	}
	return d
}

// someone is a row.
func (d *ward) someone(r *rand.Rand, etats []string) member {
	m := member{person: person{nom: canary(r), note: canary(r), ref: someRef(r), lieu: d.places[r.IntN(len(d.places))][0], taille: d.size(r, r.IntN(4)),
		jour: day(r, r.IntN(5)), genre: []string{"V1", "V2"}[r.IntN(2)], etat: etats[r.IntN(len(etats))], libre: canary(r)},
		zone: fmt.Sprintf("Quartier %d", r.IntN(4)), montant: someAmount(r), prime: someAmount(r), text: d.somePassages(r)}
	many := d.shape == sums || d.shape == numbers
	switch n := r.IntN(10); {
	case n == 0:
		m.etat = ""
	case n == 1 && d.shape == means:
		m.montant = 0
	case n == 2 && d.shape == means && len(d.members) > 0:
		same := d.members[r.IntN(len(d.members))]
		m.montant, m.prime = same.montant, same.prime
	case n < 4 && many && len(d.members) > 0:
		same := d.members[r.IntN(len(d.members))]
		m.nom = same.nom
		if n == 2 {
			m.lieu, m.taille, m.jour, m.genre, m.zone = same.lieu, same.taille, same.jour, same.genre, same.zone
		}
	case n == 4 && d.shape == sums:
		m.montant *= 40 // most of what is summed
	}
	return m
}

// kept are the rows of those who did not object.
func (d *ward) kept() (rows []member) {
	for _, m := range d.members {
		if !d.objects[m.nom] {
			rows = append(rows, m)
		}
	}
	return rows
}

// csv has rows that cannot be read, and of sums, where there is a margin, each row again
// under what stands for all zones.
func (d *ward) csv(r *rand.Rand) (text string, cells map[string][]string) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	header := strings.Split(headerOfWards, ",")
	cells = map[string][]string{}
	row := func(fields []string) {
		w.Write(fields)
		for i, f := range fields[:len(fields)-1] {
			if header[i] != "zone" { // names of quarters are no secret
				cells[header[i]] = append(cells[header[i]], f)
			}
		}
	}
	w.Write(header)
	for _, m := range d.members {
		row(m.fields())
		cells[passage] = append(cells[passage], m.text.hidden...)
		if d.margin != "" {
			m.zone = d.margin
			w.Write(m.fields())
		}
	}
	for range d.unread {
		m := d.someone(r, []string{canary(r)})
		if len(d.objects) > 0 && r.IntN(2) == 0 {
			m.nom = slices.Min(slices.Collect(maps.Keys(d.objects)))
		}
		fields := m.fields()
		fields[1] = canary(r)
		row(fields)
	}
	w.Flush()
	return b.String(), cells
}

// population is a private file: nothing of it leaves but whether rows have enough like them.
func (d *ward) population() (text string, cells map[string][]string) {
	var b strings.Builder
	cells = map[string][]string{}
	b.WriteString("habitant;adresse;taille;jour;genre;nombre\n")
	for _, p := range d.people {
		fmt.Fprintf(&b, "%s;%s;%d;%s;%s;%d\n", p.nom, p.lieu, p.taille, p.jour.Format("2006-01-02"), p.genre, p.weight)
		cells["habitant"] = append(cells["habitant"], p.nom)
		cells["adresse"] = append(cells["adresse"], p.lieu)
		cells["taille"] = append(cells["taille"], strconv.FormatInt(p.taille, 10))
		cells["jour"] = append(cells["jour"], p.jour.Format("2006-01-02"))
	}
	return b.String(), cells
}

// block is the pipeline of the table.
func (d *ward) block() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("pipeline %q {\nauthorization {\nallowed = true\nreference = \"essai\"\n}\non_reject = \"quarantine\"", d.name)
	line("source \"file\" \"f\" {\nconnection = connection.local.depot\npath = \"%s.csv\"", d.name)
	line("personal = [\"nom\", \"ref\", \"note\", \"lieu\", \"taille\", \"jour\", \"etat\", \"montant\", \"prime\"]")
	line("format \"csv\" {\ncolumns = { ref = int64, taille = int64, jour = date, montant = int64, prime = int64 }\n}\n}")
	if d.shape == sums {
		by := "\"zone\""
		if d.crossed {
			by = "\"zone\", \"genre\""
		}
		line("transform \"aggregate\" \"par_zone\" {\ngroup_by = [%s]\nsubject = \"nom\"\ncolumns = {\npersonnes = count_distinct(row.nom)\ntotal = sum(row.montant)\n}\n}", by)
		line("privacy {\npublic = [%s]\nclear \"personnes\" {\nsubject = \"nom\"\nmin_subjects = %d\n}\nclear \"total\" {\nsubject = \"nom\"\nmin_subjects = %d", by, d.least, d.least)
		if d.share[0] > 0 {
			line("max_share = %g", float64(d.share[0])/float64(d.share[1]))
		}
		line("}")
	} else {
		d.records(line)
	}
	switch {
	case d.open && d.shape != ruled:
		line("gate {\ncompare_with = \"none\"\n}")
	case d.erases:
		line("gate {\nsupersede = \"erase\"\n}")
	}
	line("}\nload \"local\" \"portail\" {\nconnection = connection.local.portail\nprefix = %q\nkeep = 9\nfile \"csv\" {}\nfile \"parquet\" {\n%s\n}\n}\n}", d.name, d.parquet)
	return b.String()
}

// records is the policy of rows.
func (d *ward) records(line func(format string, args ...any)) {
	line("privacy {")
	if d.opposes && !d.open {
		line("opposition {\nsource = \"oppositions.lst\"\nkey = \"nom\"\nsecret = secret.oppositions\nmax_age = \"30d\"\n}")
	}
	if d.texts {
		line("text \"objet\" {\naction = \"redact\"\nreview = \"human\"\nterms = \"prive/termes.txt\"\n}")
	}
	public := []string{}
	switch d.shape {
	case means:
		public = append(public, "\"zone\"")
		line("identifier \"nom\" {\naction = \"drop\"\n}\nmicroaggregate \"montants\" {\ncolumns = [\"montant\", \"prime\"]\nk = %d\n}", d.k)
	case ruled:
		public = append(public, "\"genre\"", "\"libre\"")
		line("identifier \"nom\" {\nclear_when = row.genre == \"V1\"\notherwise = %q\n}", d.otherwise)
	default:
		if d.public {
			public = append(public, "\"libre\"")
		}
		d.quasi(line)
	}
	line("public = [%s]", strings.Join(public, ", "))
}

// quasi is the policy of a model.
func (d *ward) quasi(line func(format string, args ...any)) {
	switch key := "key = secret.racine\nrotate = \"per_release\""; {
	case d.shape == numbers && d.destroyed:
		line("identifier \"nom\" {\naction = \"surrogate\"\ndestroy_after = \"publish\"\n}")
	case d.shape == numbers:
		line("identifier \"nom\" {\naction = \"surrogate\"\n%s\n}", key)
	default:
		line("identifier \"nom\" {\naction = \"drop\"\n}")
	}
	if d.subject {
		line("subject = \"nom\"")
	}
	line("quasi \"lieu\" {\nhierarchy_file = \"hierarchies/%s.csv\"", d.name)
	if d.leaf > 0 {
		line("min_level = %d", d.leaf)
	}
	line("}\nquasi \"genre\" {}")
	if d.l > 1 {
		line("sensitive \"etat\" {\ndiversity {\nl = %d\n}\n}", d.l)
	}
	if d.shape == ranges {
		line("quasi \"taille\" {}\nquasi \"jour\" {}\nmodel {\nk = %d\nsearch = \"mondrian\"\n}", d.k)
		return
	}
	line("quasi \"taille\" {\nbands = [\"%d\", \"%d\", \"%d\"]\nbottom = \"%[1]d\"\ntop = \"%[3]d\"\nmin_level = 1\nmax_level = 1\n}", d.base, d.base+band, d.base+2*band)
	line("quasi \"jour\" {\nperiod = \"month\"\nmin_level = 1\n}\nmodel {\nsuppression_limit = %s", d.limit)
	if d.shape == mapped {
		line("k_map = %d\npopulation {\nfile = \"prive/%s.txt\"\ncolumns = { lieu = \"adresse\" }\nweight = \"nombre\"\n}", d.map_, d.name)
	} else {
		line("k = %d", d.k)
	}
	line("}")
}

// hidden changes what a release does not show: all of those who objected, and whether
// they are there; rows that cannot be read; names, notes and passages of texts; who the
// inhabitants are.
func (d *ward) hidden(r *rand.Rand) {
	names := map[string]string{}
	var members []member
	cells := d.cellsOf()
	for _, m := range d.members {
		if d.objects[m.nom] {
			if r.IntN(3) == 0 {
				continue
			}
			other := d.someone(r, []string{canary(r)})
			other.nom = m.nom
			members = append(members, other)
			continue
		}
		if names[m.nom] == "" {
			names[m.nom] = canary(r)
		}
		if d.shape != ruled || m.genre != "V1" {
			m.nom = names[m.nom]
		}
		m.note, m.ref, m.text = canary(r), someRef(r), m.text.other(r, d.term)
		if d.model && !d.public || d.shape == means || d.shape == sums {
			m.libre = canary(r)
		}
		if d.shape == sums && d.margin == "" && len(cells[d.cellKey(m)].of) < d.least {
			m.montant = someAmount(r)
		}
		members = append(members, m)
	}
	d.members, d.unread = members, r.IntN(3)
	for i := range d.people {
		d.people[i].nom = canary(r)
	}
}

// next is another input: somebody is gone, somebody else came, or many did, to a zone
// that nobody was of.
func (d *ward) next(r *rand.Rand, night int) {
	etats := []string{canary(r), canary(r), canary(r)}
	what := r.IntN(4)
	if (d.shape == sums || d.shape == means) && r.IntN(2) == 0 {
		what = 0 // a second release may only add to the first
	}
	if len(d.members) > 3 && what != 0 {
		at := r.IntN(len(d.members))
		switch what {
		case 1:
			d.members = slices.Delete(d.members, at, at+1)
		case 2:
			m := &d.members[at]
			m.montant, m.prime = someAmount(r), someAmount(r)
			m.text = d.somePassages(r)
		}
	}
	if what == 3 {
		d.members = append(d.members, d.someone(r, etats))
	}
	if what != 0 {
		return
	}
	at := d.someone(r, etats)
	for range 6 + r.IntN(6) {
		m := d.someone(r, etats)
		m.zone = fmt.Sprintf("Quartier %d", 10+night)
		m.lieu, m.genre, m.jour, m.taille = at.lieu, at.genre, at.jour, d.size(r, 1)
		d.members = append(d.members, m)
	}
}

// object says who objects now: some of those who are there.
func (d *ward) object(r *rand.Rand) (names []string) {
	if !d.opposes || len(d.members) < 5 {
		return nil
	}
	for range 1 + r.IntN(2) {
		name := d.members[r.IntN(len(d.members))].nom
		d.objects[name] = true
		names = append(names, name)
	}
	return names
}

// guarded is a project of wards.
type guarded struct {
	world
	wards   []*ward
	told    telling
	night   int
	halfway bool // the last run was killed
}

// TestAttackOthers attacks what TestAttack has not: see ward. Beside what that looks for,
// nobody recovers by subtraction what a sum or a mean is of one person; nobody who
// objected is anywhere; and the numbers that stand for persons tell no order and are
// not those of the release before.
func TestAttackOthers(t *testing.T) {
	var sum tally
	var all telling
	t.Run("worlds", func(t *testing.T) {
		for n := range (*attackTables + tablesOfWorld - 1) / tablesOfWorld {
			t.Run(strconv.Itoa(n), func(t *testing.T) {
				t.Parallel()
				g := guard(t, uint64(n), &sum)
				all.add(&g.told)
			})
		}
	})
	for _, f := range all.found() {
		t.Error(f)
		sum.found.Add(1)
	}
	if published := sum.published(); len(published) < 6 {
		t.Errorf("not every shape was published: %v", published)
	}
	if sum.refused.Load() == 0 || sum.held.Load() == 0 || sum.kills.Load() == 0 || sum.erased.Load() == 0 {
		t.Errorf("nothing was refused, held or killed, or nobody erased: %d, %d, %d, %d", sum.refused.Load(), sum.held.Load(), sum.kills.Load(), sum.erased.Load())
	}
	fmt.Printf("attack: %d tables, %d releases (%s), %d held, %d without one, %d who objected and %d of them erased, %d kills that left %d files, %d values sought in %d MB, %d differences, %d pairs of numbers: %d recoveries\n",
		sum.tables.Load(), sum.releases.Load(), strings.Join(sum.published(), ", "), sum.held.Load(), sum.refused.Load(), sum.objected.Load(), sum.erased.Load(), sum.kills.Load(), sum.left.Load(), sum.values.Load(), sum.bytes.Load()>>20, sum.combined.Load(), all.pairs, sum.found.Load())
}

func newGuarded(t *testing.T, seed uint64, sum *tally) *guarded {
	return &guarded{world: world{t: t, sum: sum, rand: rand.New(rand.NewPCG(seed, 11)), allowed: map[string]bool{}, cells: map[string]map[string]bool{},
		last: map[string]string{}, project: project{dir: t.TempDir(), place: keysOf("racine")}}}
}

func guard(t *testing.T, seed uint64, sum *tally) *guarded {
	g := newGuarded(t, seed, sum)
	for n := range tablesOfWorld {
		g.wards = append(g.wards, newWard(g.rand, n))
	}
	sum.tables.Add(tablesOfWorld)
	g.lay()
	g.object()
	g.review()
	g.run("run", "--log-level", "trace", "--report", "rapport.json")
	g.look("a first release")
	first := g.public()
	for _, d := range g.wards {
		d.hidden(g.rand)
	}
	g.listTerms()
	g.review()
	g.give()
	g.run("run", "--log-level", "trace", "--lang", "fr")
	g.look("a release with other hidden values")
	again := g.public()
	for _, d := range g.wards {
		if d.shape == numbers {
			continue
		}
		if diff := cmp.Diff(under(first, d.name), under(again, d.name)); diff != "" {
			g.found("%s, %s: what is public changes with what is hidden:\n%s", d.name, d.shape, diff)
		}
	}
	for range 2 {
		g.tonight()
		g.object()
		if r := g.run("run", "--log-level", "trace", "--output", "json"); strings.Contains(r.out+r.err, "LAV-4370") {
			t.Errorf("texts have to be read anew since somebody objected: %v", r)
		}
		g.look("another night")
	}
	g.gone()
	for _, d := range g.wards {
		if len(d.objects) > 0 {
			g.write(g.t, "prive/cle", slices.Min(slices.Collect(maps.Keys(d.objects))))
		}
	}
	for _, args := range [][]string{{"verify"}, {"plan", "--details", "--connect"}, {"subject", "find", "--key-file", "prive/cle"}} {
		g.run(args...)
	}
	one := g.wards[g.rand.IntN(len(g.wards))].name
	for _, args := range [][]string{{"privacy", "page"}, {"privacy", "report"}, {"preview"}} {
		g.run(append(args, "--pipeline", one)...)
	}
	g.run("privacy", "review") // whose sheets are for who can open the quarantine
	g.seek("what was said")
	for range 3 {
		g.tonight()
		g.give()
		g.kill(1 + g.rand.IntN(250))
	}
	g.run("run")
	g.halfway = false
	g.look("a release after kills")
	g.gone()
	return g
}

func (g *guarded) tonight() {
	g.night++
	for _, d := range g.wards {
		d.next(g.rand, g.night)
	}
}

// The key of an approver who reads every sheet, as the scripts have it.
const approverKey = `untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA6CqAXVmSgh0qKioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKhl/ayPhbIUyxqvIOPrNXqeJvgx2spIDNAOb+os9No1hAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
`

const projectOfWards = `
secret "racine" {
  env = "LAVOIR_TEST_ROOT"
}
secret "empreintes" {
  env = "LAVOIR_TEST_PRINTS"
}
secret "oppositions" {
  env = "LAVOIR_TEST_OBJECTIONS"
}
project {
  fingerprint_key = secret.empreintes
  quarantine      = ["age1l6wny4vx8tmd34vscztpknjl0p4z09ytxy2xq9407ac03ee0wg4suj4wg5"]
  approvers {
    privacy = ["RWToKoBdWZKCHRl/ayPhbIUyxqvIOPrNXqeJvgx2spIDNAOb+os9No1h"]
  }
}
connection "local" "depot" {
  path = "donnees"
}
connection "local" "portail" {
  path = "public"
}
`

func (g *guarded) lay() {
	g.t.Helper()
	text := projectOfWards
	for _, d := range g.wards {
		text += d.block()
		g.write(g.t, "hierarchies/"+d.name+".csv", d.hierarchy())
	}
	g.write(g.t, "lavoir.hcl", text)
	g.listTerms()
	g.write(g.t, "prive/dpo.key", approverKey)
	g.write(g.t, "tmp/.here", "")
	g.place.env = append(g.place.env, "TMPDIR="+filepath.Join(g.dir, "tmp"), "LAVOIR_TEST_OBJECTIONS="+strings.Repeat("oppositions ", 4))
}

// object writes down who objects, as they say it.
func (g *guarded) object() {
	g.t.Helper()
	var keys strings.Builder
	for _, d := range g.wards {
		for _, name := range d.object(g.rand) {
			g.sum.objected.Add(1)
			fmt.Fprintf(&keys, " %s\n", strings.ToLower(name))
		}
	}
	args := []string{"subject", "oppose"}
	if keys.Len() > 0 {
		g.write(g.t, "prive/cles", keys.String())
		args = append(args, "--key-file", "prive/cles")
	}
	g.give()
	if r := g.run(args...); r.code != 0 {
		g.t.Fatal(r)
	}
}

// listTerms writes the words that are taken out of texts, one more of which is in none.
func (g *guarded) listTerms() {
	terms := canaryWord(g.rand) + "\n"
	for _, d := range g.wards {
		terms += d.term + "\n"
	}
	g.write(g.t, "prive/termes.txt", terms)
}

// review accepts the texts, which is asked for once under each list of terms.
func (g *guarded) review() {
	g.t.Helper()
	for _, d := range g.wards {
		if d.texts {
			if r := g.run("accept", "privacy", "--pipeline", d.name, "--rule", "review", "--column", "objet", "--reason", "feuille relue", "--until", "2999-12-31", "--sign", "prive/dpo.key"); r.code != 0 {
				g.t.Fatal(r)
			}
		}
	}
}

// give writes the inputs, and remembers their cells.
func (g *guarded) give() {
	g.t.Helper()
	remember := func(cells map[string][]string) {
		for column, all := range cells {
			if g.cells[column] == nil {
				g.cells[column] = map[string]bool{}
			}
			for _, c := range all {
				g.cells[column][c] = true
			}
		}
	}
	for _, d := range g.wards {
		text, cells := d.csv(g.rand)
		g.write(g.t, "donnees/"+d.name+".csv", text)
		remember(cells)
		text, cells = d.population()
		g.write(g.t, "prive/"+d.name+".txt", text)
		remember(cells)
	}
}

func (g *guarded) look(what string) {
	g.t.Helper()
	g.judge(what)
	g.seek(what)
}

// judge judges what became current of each table, and what can be made of all that is
// public of it.
func (g *guarded) judge(what string) {
	g.t.Helper()
	files := g.public()
	for _, d := range g.wards {
		at := what + ", " + d.name + " " + string(d.shape)
		own := under(files, d.name)
		var current struct{ Release string }
		text, ok := own[d.name+"/current.json"]
		if !ok {
			g.sum.refused.Add(1)
			if len(own) > 0 && !g.killed {
				g.found("%s: nothing is current, and %d files are there", at, len(own))
			}
			continue
		}
		if err := json.Unmarshal([]byte(text), &current); err != nil {
			g.t.Fatal(err)
		}
		folder := d.name + "/releases/" + current.Release + "/"
		manifest := own[folder+"manifest.json"]
		if g.last[d.name] == manifest && manifest != "" {
			g.sum.held.Add(1)
		} else {
			g.sum.releases.Add(1)
			g.sum.count(d.shape)
			g.release(at, d, manifest, own[folder+d.name+".csv"], own[folder+d.name+".parquet"])
			if before := g.last[d.name]; before != "" {
				for _, part := range told([]byte(before), []byte(manifest)) {
					g.found("%s: the manifests of two releases differ in %s", at, part)
				}
			}
			g.last[d.name] = manifest
		}
		g.combine(at, d, own)
	}
}

// release judges one.
func (g *guarded) release(at string, d *ward, manifest, text, file string) {
	g.t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) < 2 {
		g.t.Fatalf("%s: %d lines of CSV: %v", at, len(all), err)
	}
	header, rows := all[0], all[1:]
	if d.model {
		if why := arranged(g.t, manifest, header, rows); why != "" {
			g.found("%s: the order of the source is public: %s", at, why)
		}
	}
	for _, f := range d.wrong(manifest, header, rows) {
		g.found("%s: %s", at, f)
	}
	for _, row := range rows {
		for _, cell := range row {
			g.allowed[cell] = true
			if from, to, ok := within(cell); ok && d.shape == ranges {
				g.allowed[from], g.allowed[to] = true, true
			}
		}
	}
	if d.shape == numbers {
		g.told.release(d, header, rows)
	}
	for _, c := range counts([]byte(manifest), int64(len(rows))) {
		g.found("%s: the manifest counts %s", at, c)
	}
	other, err := decode([]byte(file))
	if err != nil {
		g.t.Fatalf("%s: %v", at, err)
	}
	for i, name := range header {
		var cells []string
		for _, row := range rows {
			cells = append(cells, row[i])
		}
		if diff := cmp.Diff(cells, other.rows[name]); diff != "" {
			g.found("%s: column %s of the other file\n%s", at, name, diff)
		}
	}
	if len(other.columns) != len(header) {
		g.found("%s: columns %v in the other file", at, other.columns)
	}
	for _, f := range other.beyond(at) {
		g.found("%s", f)
	}
}

// combine subtracts and adds up all that can be read of a table of sums or means.
func (g *guarded) combine(at string, d *ward, files map[string]string) {
	g.t.Helper()
	if d.shape != sums && d.shape != means || d.erases && g.halfway {
		return // both can be read between the pointer and the erasure, which the next run ends
	}
	var releases []shown
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.Contains(name, "/releases/") && strings.HasSuffix(name, ".csv") {
			releases = append(releases, shownIn(g.t, d.shape, files[name]))
		}
	}
	combined := subtracted
	if d.shape == means {
		combined = unmixed
	}
	tried, found := combined(releases, g.amounts(d))
	g.sum.combined.Add(tried)
	for _, f := range found {
		g.found("%s: %s", at, f)
	}
}

// amounts are what is sought of a ward: what each row has, what each person has in each
// cell, and what cells have that are masked.
func (g *guarded) amounts(d *ward) map[int64]string {
	if d.amounts == nil {
		d.amounts = map[int64]string{}
	}
	if d.shape == means {
		for _, m := range d.members {
			d.amounts[m.montant], d.amounts[m.prime] = "the amount of a row", "the amount of a row"
		}
		delete(d.amounts, 0)
		return d.amounts
	}
	for key, c := range d.cellsOf() {
		if !c.open(d.least, d.share) {
			d.amounts[c.sum] = "the sum of " + strings.Join(strings.Split(key, "\x00"), " ") + ", which is masked"
		}
		for _, n := range c.of {
			d.amounts[n] = "what one person has in a cell"
		}
	}
	for _, m := range d.members {
		d.amounts[m.montant] = "the amount of a row"
	}
	return d.amounts
}

// gone says that nobody who objected is in what is public of a table whose older releases
// are erased, or anywhere else but in the input.
func (g *guarded) gone() {
	g.t.Helper()
	s := &seeker{}
	n := 0
	for _, d := range g.wards {
		if !d.erases || g.stale(d) {
			continue
		}
		for _, m := range d.members {
			if d.objects[m.nom] {
				s.seek("nom", m.nom)
				s.seek("libre", m.libre)
				n++
				g.sum.erased.Add(1)
			}
		}
	}
	if n == 0 {
		return
	}
	for name, text := range g.files(".") {
		if !input(name) {
			for _, f := range s.in("of one who objected, "+name, []byte(text)) {
				g.found("%s", f)
			}
		}
	}
}

// stale says whether what is current of a table is of an older input: this one made no
// release.
func (g *guarded) stale(d *ward) bool {
	text := g.public()[d.name+"/"+d.name+".csv"]
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	return err != nil || len(rows) < 2 || len(d.wrong(g.last[d.name], rows[0], rows[1:])) > 0
}

// kill runs the command, which kills itself at its n-th operation or read.
func (g *guarded) kill(n int) {
	g.t.Helper()
	cmd, out, errOut := g.command("lavoir-attacked", "run", "--log-level", "trace")
	cmd.Env = append(cmd.Env, fmt.Sprintf("LAVOIR_TEST_AT=%d", n))
	r := ended(g.t, cmd.Run(), out, errOut)
	g.halfway = r.killed()
	g.killed = g.killed || g.halfway
	g.said = append(g.said, r.out, r.err)
	at := "killed at operation " + strconv.Itoa(n)
	g.judge(at)
	if r.killed() {
		g.sum.kills.Add(1)
		for _, d := range g.wards { // what was sealed and did not come to be
			for _, cell := range d.may() {
				g.allowed[cell] = true
			}
		}
		left := map[string]string{}
		for name, text := range g.files(".") {
			if input(name) {
				continue
			}
			left[name] = text
			if strings.HasPrefix(name, ".lavoir/work/") && !strings.HasSuffix(name, "lock") && len(text) > 0 {
				g.sum.left.Add(1)
			}
		}
		for _, name := range unlocked(left) {
			g.found("%s: the key of %s lies beside it", at, name)
		}
	}
	g.seek(at)
}
