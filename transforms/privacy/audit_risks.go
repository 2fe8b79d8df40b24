package privacy

import (
	"maps"
	"math"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines"
)

// auditedRisks adds up the rows of the classes of a file, or the persons where it tells
// them.
type auditedRisks struct {
	classes, all, alone, least int64
	mapped                     map[int64]int64 // rows or persons, by how many of the population look like them
}

func (r *auditedRisks) reset() { *r = auditedRisks{least: math.MaxInt64, mapped: map[int64]int64{}} }

// add takes a class, of so many; people are those of the population, by class.
func (r *auditedRisks) add(n int64, people []int64, class int) {
	r.classes++
	r.all += n
	r.least = min(r.least, n)
	if n == 1 {
		r.alone++
	}
	if people != nil {
		r.mapped[people[class]] += n
	}
}

// expose gives the risks. They do not depend on how many parts the classes were counted in.
func (r *auditedRisks) expose(e *pipelines.Exposure, persons, population bool) {
	if persons {
		e.Counts, e.Persons, e.Alone = pipelines.CountsPersons, r.least, r.alone
	}
	e.HighestRisk, e.AverageRisk = 1/float64(r.least), float64(r.classes)/float64(r.all)
	if !population {
		return
	}
	sum := 0.0
	for _, n := range slices.Sorted(maps.Keys(r.mapped)) {
		risk := 1 / float64(max(n, 1))
		e.JournalistHighest = max(e.JournalistHighest, risk)
		sum += float64(r.mapped[n]) / float64(max(n, 1))
	}
	e.JournalistAverage = sum / float64(r.all)
}
