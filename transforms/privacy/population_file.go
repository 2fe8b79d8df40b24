package privacy

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// populationFile is the file of a population. It is read whenever persons are counted,
// line by line: it may be larger than memory.
type populationFile struct {
	path string

	mu    sync.Mutex
	known bool         // it was read once
	sum   xxh3.Uint128 // of its bytes then
}

// populationFile looks whether the file of the population can be read, if the policy has one.
func (c policyConfig) populationFile(env pipelines.Env) (*populationFile, error) {
	if c.Model == nil || c.Model.Population == nil {
		return nil, nil
	}
	p := &populationFile{path: env.Path(string(c.Model.Population.File))}
	f, err := os.Open(p.path)
	if err == nil {
		_, err = f.Read(make([]byte, 1))
		_ = f.Close()
	}
	if err != nil && err != io.EOF {
		return nil, pipelines.At("model", pipelines.At("population", pipelines.At("file", messages.PopulationUnreadable.With("why", pipelines.Unreadable(err)))))
	}
	return p, nil
}

// populationMistake refuses a name in the population of what it is not asked for: a name
// that is mistyped would leave its quasi-identifier to another column.
func (c policyConfig) populationMistake() error {
	if c.Model == nil || c.Model.Population == nil {
		return nil
	}
	quasi := c.withPartials().Quasi
	for _, name := range slices.Sorted(maps.Keys(c.Model.Population.Columns)) {
		if !slices.ContainsFunc(quasi, func(q quasiConfig) bool { return q.Column == name }) {
			return pipelines.At("model", messages.WrongArgument.With("name", "columns", "wanted", "names of quasi-identifiers and what the population calls them",
				"why", strconv.Quote(name)+" is no quasi-identifier of the policy"))
		}
	}
	return nil
}

// lineMost is how many bytes a line may have, and lineBuffer how many are read at once.
const lineMost, lineBuffer = 1 << 20, 64 << 10

// populationLines is one reading of the file.
type populationLines struct {
	of     *populationFile
	file   *os.File
	hash   *xxh3.Hasher
	left   int // bytes that may be read for the line
	csv    *csv.Reader
	quasi  []int // the columns of the quasi-identifiers
	weight int   // -1: each line is one person
}

// lines begins to read the file, of which it finds the columns. The caller closes them.
func (t policy) lines() (*populationLines, error) {
	f, err := os.Open(t.population.path)
	if err != nil {
		return nil, messages.PopulationUnreadable.With("why", pipelines.Unreadable(err))
	}
	l := &populationLines{of: t.population, file: f, hash: xxh3.New(), weight: -1}
	if err := l.begin(t); err != nil {
		_ = f.Close()
		return nil, err
	}
	return l, nil
}

func (l *populationLines) Close() { _ = l.file.Close() }

// Read gives bytes to the reader of lines.
func (l *populationLines) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, bufio.ErrTooLong
	}
	n, err := l.file.Read(p)
	l.left -= n
	_, _ = l.hash.Write(p[:n])
	return n, err
}

func (l *populationLines) begin(t policy) error {
	l.left = lineMost
	in := bufio.NewReaderSize(l, lineBuffer)
	mark := []byte("\ufeff")
	if first, _ := in.Peek(len(mark)); bytes.Equal(first, mark) {
		_, _ = in.Discard(len(mark))
	}
	l.csv = csv.NewReader(in)
	l.csv.Comma, l.csv.ReuseRecord = ';', true
	head, err := l.next()
	if err != nil {
		return err
	}
	column := func(name string) (int, error) {
		at := -1
		for i, other := range head {
			switch {
			case other != name:
			case at >= 0:
				return 0, messages.PopulationLine.With("line", 1, "why", "it names one column twice")
			default:
				at = i
			}
		}
		if at < 0 {
			return 0, messages.PopulationColumn.With("column", name)
		}
		return at, nil
	}
	conf := t.Model.Population
	for _, q := range t.Quasi {
		name := q.Column
		if other, ok := conf.Columns[name]; ok {
			name = other
		}
		at, err := column(name)
		if err != nil {
			return err
		}
		l.quasi = append(l.quasi, at)
	}
	if conf.Weight != "" {
		if l.weight, err = column(conf.Weight); err != nil {
			return err
		}
	}
	return nil
}

// next gives the fields of a line, good until it is called again, and io.EOF after the
// last one of the same bytes as in the first reading.
func (l *populationLines) next() ([]string, error) {
	l.left = max(l.left, lineMost+lineBuffer)
	record, err := l.csv.Read()
	at := (*csv.ParseError)(nil)
	switch {
	case err == nil:
		return record, nil
	case errors.Is(err, bufio.ErrTooLong):
		return nil, messages.PopulationLine.With("line", l.line(), "why", "it is longer than a line may be")
	case errors.As(err, &at):
		return nil, messages.PopulationLine.With("line", at.Line, "why", "it is no text of fields")
	case err != io.EOF:
		return nil, fmt.Errorf("read the population: %w", err)
	case l.quasi == nil:
		return nil, messages.PopulationLine.With("line", 1, "why", "it has no names")
	case !l.of.same(l.hash.Sum128()):
		return nil, messages.PopulationChanged.With()
	}
	return nil, io.EOF
}

// line is where the last line began that was read.
func (l *populationLines) line() int64 {
	line, _ := l.csv.FieldPos(0)
	return int64(line)
}

// persons is how many of them a line stands for.
func (l *populationLines) persons(record []string) (uint32, error) {
	if l.weight < 0 {
		return 1, nil
	}
	n, err := strconv.ParseUint(record[l.weight], 10, 32)
	if err != nil {
		return 0, messages.PopulationLine.With("line", l.line(), "why", "its weight is no whole number")
	}
	return uint32(n), nil
}

// same says whether the file has the bytes of the first reading, or this is that.
func (p *populationFile) same(sum xxh3.Uint128) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known {
		p.known, p.sum = true, sum
	}
	return p.sum == sum
}
