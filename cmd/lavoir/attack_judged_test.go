package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestAttackFindsWhatIsWrong gives every judge of a ward releases that are right, and the
// same ones with what an attacker would find: an attack that cannot succeed shows nothing.
func TestAttackFindsWhatIsWrong(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 17))
		for n, judged := range map[int]func(*testing.T, *rand.Rand, *ward){0: judgedSums, 3: judgedMeans, 5: judgedRanges, 7: judgedRows, 8: judgedNumbers, 9: judgedRows} {
			d := newWard(r, n)
			if len(d.members) < 12 {
				continue
			}
			if d.opposes {
				d.objects[d.members[3].nom] = true
			}
			judged(t, r, d)
			if t.Failed() {
				t.Fatalf("of the ward %d of seed %d", n, seed)
			}
		}
	}
}

// right and leaky are what a judge says of a release.
func right(t *testing.T, what string, found []string) {
	t.Helper()
	if len(found) > 0 {
		t.Errorf("%s is right, and this is found: %v", what, found)
	}
}

func leaky(t *testing.T, what string, found []string) {
	t.Helper()
	if len(found) == 0 {
		t.Errorf("%s is not found", what)
	}
}

func judgedSums(t *testing.T, r *rand.Rand, d *ward) {
	d.margin, d.crossed = "", false
	header := []string{"zone", "personnes", "total"}
	table := func(open func(zone string, c *cellOf) bool) (rows [][]string, s shown) {
		s = shown{}
		for zone, c := range d.cellsOf() {
			row := []string{zone, "", ""}
			if open(zone, c) {
				row = []string{zone, strconv.Itoa(len(c.of)), strconv.FormatInt(c.sum, 10)}
				s[zone] = shownCell{1, []int64{c.sum}}
			}
			rows = append(rows, row)
		}
		return rows, s
	}
	amounts := func() map[int64]string { return new(guarded).amounts(d) }
	rule := func(_ string, c *cellOf) bool { return c.open(d.least, d.share) }
	all := func(string, *cellOf) bool { return true }
	rows, first := table(rule)
	right(t, "a table of sums", d.wrong("", header, rows))
	_, found := subtracted([]shown{first}, amounts())
	right(t, "a table of sums alone", found)

	one := d.someone(r, []string{"x"})
	one.zone = "Quartier 8"
	d.members = append(d.members, one)
	rows, _ = table(all)
	leaky(t, "the sum of one person", d.wrong("", header, rows))
	_, s := table(rule)
	total := int64(0)
	for _, c := range d.cellsOf() {
		total += c.sum
	}
	s["tout"] = shownCell{1, []int64{total}}
	if len(s) == len(d.cellsOf()) { // all but the one cell
		_, found = subtracted([]shown{s}, amounts())
		leaky(t, "a total beside a cell that is masked", found)
	}

	d.members = d.members[:len(d.members)-1]
	d.least, d.share = 1, [2]int64{}
	_, before := table(rule)
	one.zone = d.members[0].zone
	d.members = append(d.members, one)
	_, after := table(rule)
	_, found = subtracted([]shown{before, after}, amounts())
	leaky(t, "a cell that one person came to", found)
	d.members[len(d.members)-2].zone = one.zone // who moved hides who came, but for their sum
	_, moved := table(rule)
	_, found = subtracted([]shown{before, moved}, amounts())
	leaky(t, "somebody who came while another moved", found)
	one.zone = "Quartier 9"
	d.members[len(d.members)-1] = one
	d.members = append(d.members, one, one)
	d.members[len(d.members)-1].montant, d.members[len(d.members)-1].nom = someAmount(r), canary(r)
	d.members[len(d.members)-2].montant, d.members[len(d.members)-2].nom = someAmount(r), canary(r)
	if n := len(d.members); d.members[n-4].zone == d.members[0].zone {
		d.members = slices.Delete(d.members, n-4, n-3) // who had moved
	}
	keep := map[string]shownCell{}
	for zone, c := range before {
		keep[zone] = c
	}
	keep["Quartier 9"] = shownCell{1, []int64{d.cellsOf()["Quartier 9"].sum}}
	_, found = subtracted([]shown{before, keep}, amounts())
	for _, f := range found {
		if strings.Contains(f, "changed") {
			t.Errorf("a cell more is taken for a leak: %v", found)
		}
	}
}

func judgedMeans(t *testing.T, r *rand.Rand, d *ward) {
	d.texts = false
	for i := range d.members { // without what is missing or twice there
		d.members[i].montant, d.members[i].prime = someAmount(r), someAmount(r)
	}
	header := []string{"zone", "montant", "prime"}
	release := func(members []member, k int) (rows [][]string) {
		groups := len(members) / k
		for g := range groups {
			of := members[g*k : (g+1)*k]
			if g == groups-1 {
				of = members[g*k:]
			}
			var sum [2]int64
			for _, m := range of {
				sum[0], sum[1] = sum[0]+m.montant, sum[1]+m.prime
			}
			for _, m := range of {
				n := int64(len(of))
				rows = append(rows, []string{m.zone, strconv.FormatInt((2*sum[0]+n)/(2*n), 10), strconv.FormatInt((2*sum[1]+n)/(2*n), 10)})
			}
		}
		return rows
	}
	text := func(rows [][]string) string {
		var b strings.Builder
		b.WriteString("zone,montant,prime\n")
		for _, row := range rows {
			b.WriteString(strings.Join(row, ",") + "\n")
		}
		return b.String()
	}
	own := release(d.kept(), d.k)
	right(t, "means", d.wrong("", header, own))
	leaky(t, "amounts as they are", d.wrong("", header, release(d.kept(), 1)))
	one := slices.Clone(own)
	one[0] = []string{one[0][0], strconv.FormatInt(d.kept()[0].montant, 10), one[0][2]}
	leaky(t, "one amount as it is", d.wrong("", header, one))
	if d.k > 2 {
		leaky(t, "means of fewer rows", d.wrong("", header, release(d.kept(), d.k-1)))
	}
	if d.opposes {
		others := d.members[:len(d.kept())] // as many, one who objected among them
		for i := range others {
			others[i].zone = "Quartier 1"
		}
		for i := range d.members {
			d.members[i].zone = "Quartier 1"
		}
		leaky(t, "means of who objected", d.wrong("", header, release(others, d.k)))
	}
	newcomer := d.someone(r, []string{"x"})
	newcomer.montant, newcomer.prime = someAmount(r), someAmount(r)
	members := append(d.members[:12:12], newcomer)
	amounts := new(guarded).amounts(&ward{shape: means, members: members})
	before, after := shownIn(t, means, text(release(members[:12], 4))), shownIn(t, means, text(release(members, 4)))
	_, found := unmixed([]shown{before}, amounts)
	right(t, "a release of means", found)
	_, found = unmixed([]shown{before, after}, amounts)
	leaky(t, "a mean that one row came to", found)
}

func judgedRanges(t *testing.T, _ *rand.Rand, d *ward) {
	d.texts, d.l = false, 1
	header := []string{"lieu", "taille", "jour", "genre"}
	release := func(members []member, k int) (rows [][]string) {
		members = slices.Clone(members)
		slices.SortFunc(members, func(a, b member) int { return int(a.taille - b.taille) })
		groups := len(members) / k
		for g := range groups {
			of := members[g*k : (g+1)*k]
			if g == groups-1 {
				of = members[g*k:]
			}
			days := []string{}
			for _, m := range of {
				days = append(days, m.jour.Format("2006-01-02"))
			}
			for range of {
				rows = append(rows, []string{"*", fmt.Sprintf("[%d, %d]", of[0].taille, of[len(of)-1].taille), fmt.Sprintf("[%s, %s]", slices.Min(days), slices.Max(days)), "*"})
			}
		}
		return rows
	}
	changed := func(change func(rows [][]string) [][]string) []string {
		return d.wrong("", header, change(release(d.kept(), d.k)))
	}
	whole := func(rows [][]string, column int, to string) [][]string {
		was := rows[0]
		for i, row := range rows {
			if slices.Equal(row, was) {
				rows[i] = slices.Clone(row)
				rows[i][column] = to
			}
		}
		return rows
	}
	right(t, "ranges", changed(func(rows [][]string) [][]string { return rows }))
	leaky(t, "groups that are too small", d.wrong("", header, release(d.kept(), 1)))
	leaky(t, "a row too few", changed(func(rows [][]string) [][]string { return rows[1:] }))
	leaky(t, "a range that ends where no row is", changed(func(rows [][]string) [][]string {
		from, to, _ := within(rows[0][1])
		return whole(rows, 1, "["+from+", "+to[:len(to)-1]+string('0'+(to[len(to)-1]-'0'+1)%10)+"]")
	}))
	leaky(t, "a range that leaves a row out", changed(func(rows [][]string) [][]string {
		from, _, _ := within(rows[0][1])
		return whole(rows, 1, "["+from+", "+from+"]")
	}))
	leaky(t, "a place that is not theirs", changed(func(rows [][]string) [][]string { return whole(rows, 0, canaryWord(rand.New(rand.NewPCG(1, 1)))) }))
	if d.opposes {
		leaky(t, "a row of who objected", d.wrong("", header, release(d.members, d.k)))
	}
}

func judgedRows(t *testing.T, _ *rand.Rand, d *ward) {
	manifest := everyLevel[len(everyLevel)-2] // everything is one class, but sizes
	columns, rows, err := d.optimal(manifest)
	if err != nil || len(rows) == 0 {
		return
	}
	right(t, "rows", d.wrong(manifest, columns, rows))
	more := slices.Clone(rows)
	more[0] = slices.Clone(rows[0])
	more[0][len(more[0])-1] = "autre"
	leaky(t, "a row with another value", d.wrong(manifest, columns, more))
	leaky(t, "a row that is too much", d.wrong(manifest, columns, append(slices.Clone(rows), rows[0])))
	if d.opposes {
		d.objects = map[string]bool{}
		_, all, err := d.optimal(manifest)
		d.objects[d.members[3].nom] = true
		if err == nil && len(all) > len(rows) {
			leaky(t, "a row of who objected", d.wrong(manifest, columns, all))
		}
	}
	if d.shape == mapped {
		was := d.map_
		d.map_ = 1 << 20
		_, few, err := d.optimal(manifest)
		d.map_ = was
		if err != nil || len(few) > 0 {
			t.Errorf("%d rows are like enough of a population: %v", len(few), err)
		}
	}
}

func judgedNumbers(t *testing.T, r *rand.Rand, d *ward) {
	number := func(n func(i int, m member) int) map[string]int {
		of, out := map[string]int{}, map[string]int{}
		for _, m := range d.kept() {
			if of[m.nom] == 0 {
				of[m.nom] = n(len(of), m)
			}
			out[m.libre] = of[m.nom]
		}
		return out
	}
	persons := map[string]bool{}
	var names []string
	for _, m := range d.kept() {
		if !persons[m.nom] {
			names = append(names, m.nom)
		}
		persons[m.nom] = true
	}
	slices.Sort(names)
	judged := func(nights int, draw func() func(i int, m member) int) []string {
		var told telling
		for range nights {
			told.judge("p", d.kept(), number(draw()))
		}
		return told.found()
	}
	drawn := func() func(int, member) int {
		p := r.Perm(len(names))
		return func(i int, _ member) int { return p[i] + 1 }
	}
	fixed := func(n func(i int, m member) int) func() func(int, member) int {
		return func() func(int, member) int { return n }
	}
	right(t, "numbers that are drawn", judged(12, drawn))
	leaky(t, "the order of the source", judged(12, fixed(func(i int, _ member) int { return i + 1 })))
	leaky(t, "the order of the source, from its end", judged(12, fixed(func(i int, _ member) int { return len(names) - i })))
	leaky(t, "the order of names", judged(12, fixed(func(_ int, m member) int { return 1 + slices.Index(names, m.nom) })))
	leaky(t, "numbers that stay", judged(12, fixed(drawn())))
	leaky(t, "a number that is missing", judged(1, func() func(int, member) int {
		p := drawn()
		return func(i int, m member) int { return p(i, m) + 1 }
	}))
	var told telling
	two := number(drawn())
	for _, m := range d.kept() {
		for _, other := range d.kept() {
			if m.nom == other.nom && m.libre != other.libre {
				two[m.libre]++
				told.judge("p", d.kept(), two)
				leaky(t, "two numbers of one person", told.found())
				return
			}
		}
	}
}

// TestAttackFindsOpenPolicies runs policies that forget who objected and to compare
// releases: the attack recovers something of each.
func TestAttackFindsOpenPolicies(t *testing.T) {
	var sum tally
	var caught []string
	g := newGuarded(t, 21, &sum)
	g.caught = &caught
	for _, of := range []int{0, 3, 5, 7, 8, 9} {
		d := newWard(g.rand, of)
		for len(d.members) < 12 {
			d = newWard(g.rand, of)
		}
		d.open, d.texts, d.opposes, d.margin, d.crossed, d.limit, d.k, d.l = true, false, d.shape != sums, "", false, "0.9", 2, 1
		g.wards = append(g.wards, d)
	}
	g.lay()
	for range 7 {
		for _, d := range g.wards {
			d.object(g.rand)
		}
		g.give()
		if r := g.run("run"); r.code != 0 && r.code != 4 && r.code != 5 {
			t.Fatal(r)
		}
		g.judge("open")
		g.tonight()
	}
	for _, d := range g.wards {
		if !slices.ContainsFunc(caught, func(f string) bool { return strings.Contains(f, " "+string(d.shape)+": ") }) {
			t.Errorf("nothing is recovered of %s under a policy that is open, of all %d", d.shape, len(caught))
		}
	}
}

// TestAttackFindsPassages: what texts say of persons is found however it is written.
func TestAttackFindsPassages(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	keyless := func(text string) []byte {
		m := hmac.New(sha256.New, nil)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	for range 200 {
		p := (&ward{term: canaryWord(r)}).somePassages(r)
		for _, text := range p.hidden {
			s := &seeker{}
			s.seekPassage(text)
			bare := strings.NewReplacer(" ", "", ".", "", "-", "", "/", "").Replace(text)
			sum := sha256.Sum256([]byte(bare))
			for what, data := range map[string]string{
				"as it is":            "avant " + text + " après",
				"without its gaps":    "avant " + bare + " après",
				"in capitals":         "avant " + strings.ToUpper(text),
				"in small letters":    "avant " + strings.ToLower(text),
				"in hexadecimal":      hex.EncodeToString([]byte("avant " + text)),
				"hashed":              hex.EncodeToString(sum[:]),
				"as the bytes hashed": string(sum[:]),
				"under an empty key":  base64.StdEncoding.EncodeToString(keyless(text)),
				"in base64":           base64.StdEncoding.EncodeToString([]byte("avant " + text + " après")),
				"in UTF-16":           strings.Join(strings.Split(text, ""), "\x00") + "\x00",
				"in its text":         p.written,
			} {
				if len(s.in(what, []byte(data))) == 0 {
					t.Fatalf("%s, %s, is not found", text, what)
				}
			}
			if found := s.in("redacted", []byte(p.redacted)); len(found) > 0 {
				t.Fatalf("in %s is found %v", p.redacted, found)
			}
		}
	}
}

// TestAttackFindsAKeyBeside: a file that is encrypted under a key that lies beside it is
// read.
func TestAttackFindsAKeyBeside(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 5))
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(r.IntN(256))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	frame := append(make([]byte, 12), aead.Seal(nil, make([]byte, 12), append([]byte{0xff, 0xff, 0xff, 0xff}, strings.Repeat("une ligne ", 9)...), make([]byte, 12))...)
	files := map[string]string{".lavoir/work/1/spool-1": string(frame), "a.log": strings.Repeat("rien ", 99)}
	right(t, "a file without its key", unlocked(files))
	files["b"] = "xyz" + string(key) + "!"
	leaky(t, "a key beside its file", unlocked(files))
	files["b"] = "key=" + hex.EncodeToString(key)
	leaky(t, "a key in digits beside its file", unlocked(files))
}
