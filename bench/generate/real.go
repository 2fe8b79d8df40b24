package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Real exports hold a few dozen rows each. A new row is one of them in which the
// names and purposes are spliced from two rows of its file, the identifiers follow
// from the names, and amounts and dates are moved: so lengths, accents, empty cells
// and the company cells keep are those of real exports, and few rows are the same.

var realColumns = []string{"nomAttribuant", "idAttribuant", "dateConvention", "referenceDecision", "nomBeneficiaire", "idBeneficiaire",
	"objet", "montant", "nature", "conditionsVersement", "datesPeriodeVersement", "notificationUE", "pourcentageSubvention"}

// Places among realColumns of what is not copied.
const (
	realDate, realName, realID, realPurpose, realAmount, realPeriod, realShare = 2, 4, 5, 6, 7, 10, 12
)

// realRow is a row of a real export.
type realRow struct {
	cells []string
	file  []*realRow // all rows of its file
	day   int
	cents int64
}

func writeReal(out, folder string, rows int) error {
	pool, err := readReal(folder)
	if err != nil {
		return err
	}
	return inChunks(rows, []string{filepath.Join(out, "real.csv")}, [][]byte{plain.header(realColumns)},
		func(r *rand.Rand, _, n int, bufs [][]byte) {
			for range n {
				bufs[0] = pool[r.IntN(len(pool))].resample(r, bufs[0])
			}
		})
}

// readReal reads the exports that have the columns of the national schema.
func readReal(folder string) (pool []*realRow, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil {
		return nil, err
	}
	for _, p := range paths { // Glob sorts
		data, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		rows, err := parseReal(decode(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		for _, r := range rows {
			r.file = rows
		}
		pool = append(pool, rows...)
	}
	if len(pool) == 0 {
		return nil, fmt.Errorf("no export in %s has the wanted columns", folder)
	}
	return pool, nil
}

func parseReal(text []byte) (rows []*realRow, err error) {
	rd := csv.NewReader(bytes.NewReader(text))
	rd.Comma, rd.LazyQuotes, rd.FieldsPerRecord = ';', true, -1
	records, err := rd.ReadAll()
	if err != nil || len(records) == 0 {
		return nil, err
	}
	at := map[string]int{}
	for i, name := range records[0] {
		at[strings.ToLower(name)] = i
	}
	for _, rec := range records[1:] {
		row := &realRow{cells: make([]string, len(realColumns))}
		for i, name := range realColumns {
			if from, ok := at[strings.ToLower(name)]; ok && from < len(rec) {
				row.cells[i] = strings.TrimSpace(strings.ReplaceAll(rec[from], "\r\n", "\n"))
			}
		}
		if row.typed() {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// typed reads the date and the amount; rows of totals and notes have none.
func (r *realRow) typed() bool {
	day, err := time.Parse("2006-01-02", strings.ReplaceAll(r.cells[realDate], "/", "-"))
	if err != nil {
		return false
	}
	amount, err := strconv.ParseFloat(strings.NewReplacer(" ", "", "\u00a0", "", ",", ".").Replace(r.cells[realAmount]), 64)
	if err != nil || amount < 0 {
		return false
	}
	r.day, r.cents = int(day.Unix()/86400), int64(amount*100+0.5)
	return true
}

func (r *realRow) resample(rnd *rand.Rand, b []byte) []byte {
	name := r.splice(rnd, realName)
	day := r.day + rnd.IntN(3000) - 1500
	for i, cell := range r.cells {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case cell == "":
		case i == realDate:
			b = plain.date(b, day)
		case i == realName:
			b = appendCell(b, []byte(name), ',')
		case i == realID:
			b = appendSiret(b, hash(name))
		case i == realPurpose:
			b = appendCell(b, []byte(r.splice(rnd, realPurpose)), ',')
		case i == realAmount:
			b = plain.number(b, moved(rnd, r.cents), 2)
		case i == realPeriod:
			b = plain.date(append(plain.date(b, day), '_'), day+365*(1+rnd.IntN(4)))
		case i == realShare:
			b = append(b, strings.ReplaceAll(cell, ",", ".")...)
		default:
			b = appendCell(b, []byte(cell), ',')
		}
	}
	return append(b, '\n')
}

// splice joins the first words of the row's cell and the last ones of another's.
func (r *realRow) splice(rnd *rand.Rand, column int) string {
	head, tail := strings.Split(r.cells[column], " "), strings.Split(r.file[rnd.IntN(len(r.file))].cells[column], " ")
	return strings.Join(append(head[:1+rnd.IntN(len(head))], tail[rnd.IntN(len(tail)):]...), " ")
}

// moved is an amount between half and twice as large and about as round.
func moved(rnd *rand.Rand, cents int64) int64 {
	unit := int64(1)
	for unit < 100_000_00 && cents > 0 && cents%(unit*10) == 0 {
		unit *= 10
	}
	return int64(float64(cents)*(0.5+1.5*rnd.Float64())) / unit * unit
}

func hash(s string) uint64 {
	h := uint64(len(s))
	for i := range len(s) {
		h = mix(h ^ uint64(s[i]))
	}
	return h
}

// decode gives UTF-8 of what is UTF-8 or cp1252, without a mark.
func decode(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if utf8.Valid(data) {
		return data
	}
	var out []byte
	for _, c := range data {
		r := rune(c)
		for u, b := range cp1252 {
			if b == c {
				r = u
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
