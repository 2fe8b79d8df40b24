package main

import (
	"math/rand/v2"
	"path/filepath"
	"strconv"
)

// What the privacy stage is measured with: each row is of one invented person, whose
// number says nothing of the others. Births, postcodes and incomes are skewed, so that
// some classes are small.
var personColumns = []string{"personne", "naissance", "code_postal", "sexe", "inscription", "quotient", "montant", "prestation"}

var (
	postcodes = []string{"99100", "99110", "99120", "99130", "99140", "99150", "99160", "99170", "99180", "99190", "99200", "99210"}
	services  = []string{"cantine", "centre de loisirs", "crèche", "école de musique", "étude surveillée", "transport scolaire"}
)

const (
	firstBirth = -10957 // 1940-01-01
	births     = 28490  // until the end of 2017
	firstEntry = 19358  // 2023-01-01
	entries    = 731    // until the end of 2024
	incomes    = 2400
)

func writePersons(out string, rows int) error {
	return inChunks(rows, []string{filepath.Join(out, "persons.csv")}, [][]byte{plain.header(personColumns)},
		func(r *rand.Rand, first, n int, bufs [][]byte) {
			b := bufs[0]
			for i := range n {
				b = appendDigits(append(b, 'P'), scattered(first+i), 9)
				b = plain.date(append(b, ','), firstBirth+births-1-skewed(r, births))
				b = append(append(b, ','), postcodes[skewed(r, len(postcodes))]...)
				b = append(append(b, ','), "FM"[r.IntN(2)])
				b = plain.date(append(b, ','), firstEntry+r.IntN(entries))
				b = strconv.AppendInt(append(b, ','), int64(skewed(r, incomes)), 10)
				b = plain.number(append(b, ','), 100+r.Int64N(60_000), 2)
				b = append(append(append(b, ','), services[skewed(r, len(services))]...), '\n')
			}
			bufs[0] = b
		})
}

// scattered gives every number below 10^9 another one below it.
func scattered(i int) int { return i * 387_420_489 % 1_000_000_000 } // 3^18 and 10^9 have no factor in common

// What is counted at scale: of each groupRows rows one class has one, one has two, and so
// on until groupClasses, so that how many classes of a size there are is known.
const (
	groupClasses = 99
	groupRows    = groupClasses * (groupClasses + 1) / 2
)

var classColumns = []string{"ligne", "q1", "q2", "q3", "q4", "q5", "q6"}

// cards is how many values the quasi-identifiers have.
var cards = [6]int{64, 48, 40, 30, 24, 20}

// writeClasses makes rows in an order in which those of a class are far from each other.
// rows is made a multiple of groupRows.
func writeClasses(out string, rows int) error {
	groups := max(1, rows/groupRows)
	rows = groups * groupRows
	all := 1
	for _, c := range cards {
		all *= c
	}
	return inChunks(rows, []string{filepath.Join(out, "classes.csv")}, [][]byte{plain.header(classColumns)},
		func(_ *rand.Rand, first, n int, bufs [][]byte) {
			b := bufs[0]
			for i := first; i < first+n; i++ {
				// The rows of a group come one from each of as many parts of the file.
				group, place := i%groups, i/groups
				size := 1
				for size*(size+1)/2 <= place {
					size++
				}
				class := (group*groupClasses + size - 1) * 1_000_003 % all // a prime that divides no cards
				b = strconv.AppendInt(b, int64(i), 10)
				for _, c := range cards {
					b = strconv.AppendInt(append(b, ','), int64(class%c), 10)
					class /= c
				}
				b = append(b, '\n')
			}
			bufs[0] = b
		})
}
