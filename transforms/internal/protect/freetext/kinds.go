package freetext

// Kind is what a passage was found to be. Passages that overlap are one: of the
// kind of the one that begins first, then of the longest, then of the one that
// comes first here.
type Kind uint8

const (
	NIR       Kind = iota // social security number, with its key or in its groups
	IBAN                  // account number
	Email                 // e-mail address
	Phone                 // telephone number
	Plate                 // number plate, SIV or FNI
	Birth                 // date after "né(e) le" and the like
	Address               // number and street, with postcode and town; lieu-dit
	Name                  // capitalised words after a civility
	FirstName             // a first name of the list with capitalised words
	SIRET                 // establishment: personal when its owner trades alone
	SIREN                 // legal unit: personal when its owner trades alone
	Term                  // a word or an expression of a list
	kinds
)

var kindNames = [kinds]string{
	NIR: "numéro de sécurité sociale", IBAN: "iban", SIRET: "siret", SIREN: "siren", Email: "courriel", Phone: "téléphone",
	Plate: "immatriculation", Birth: "date", Address: "adresse", Name: "nom", FirstName: "nom", Term: "terme",
}

// kindWords are what a pipeline file calls the kinds.
var kindWords = [kinds]string{
	NIR: "nir", IBAN: "iban", SIRET: "siret", SIREN: "siren", Email: "email", Phone: "phone", Plate: "plate", Birth: "birth",
	Address: "address", Name: "name", FirstName: "first_name", Term: "term",
}

// String is the French name of the kind. A name is a name, however it was found.
func (k Kind) String() string { return kindNames[k] }

// Token is what stands in the place of a passage: [téléphone].
func (k Kind) Token() string { return "[" + kindNames[k] + "]" }

// Kinds is a set of kinds.
type Kinds uint16

// Of is the set of some kinds.
func Of(ks ...Kind) (set Kinds) {
	for _, k := range ks {
		set |= 1 << k
	}
	return set
}

// All is every kind; Persons is every kind but the numbers of companies, which
// are personal only where the owner trades alone.
const (
	All     Kinds = 1<<kinds - 1
	Persons       = All &^ (1<<SIRET | 1<<SIREN)
)

// Has says whether k is in the set.
func (s Kinds) Has(k Kind) bool { return s>>k&1 == 1 }

// Counts is how many passages of each kind were found.
type Counts [kinds]int64

// Add adds other, times over.
func (c *Counts) Add(other Counts, times int64) {
	for k, n := range other {
		c[k] += n * times
	}
}

// Total is how many passages were found.
func (c Counts) Total() (n int64) {
	for _, k := range c {
		n += k
	}
	return n
}

// Word is what a pipeline file calls the kind.
func (k Kind) Word() string { return kindWords[k] }

// Words are what a pipeline file calls the kinds of the set, in their order.
func (s Kinds) Words() (words []string) {
	for k := range kinds {
		if s.Has(k) {
			words = append(words, k.Word())
		}
	}
	return words
}

// KindOf is the kind that a pipeline file calls so.
func KindOf(word string) (Kind, bool) {
	for k, w := range kindWords {
		if w == word {
			return Kind(k), true
		}
	}
	return 0, false
}

// Found are the kinds of which something was found.
func (c Counts) Found() (found Kinds) {
	for k, n := range c {
		if n > 0 {
			found |= 1 << k
		}
	}
	return found
}

// Only are the counts of the kinds of a set.
func (c Counts) Only(set Kinds) Counts {
	for k := range c {
		if !set.Has(Kind(k)) {
			c[k] = 0
		}
	}
	return c
}
