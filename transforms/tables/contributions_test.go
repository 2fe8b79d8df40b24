package tables_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
	"github.com/lavoir-data/lavoir/transforms/internal/trial"
	"github.com/lavoir-data/lavoir/transforms/tables"
)

// How many subjects a sum is of, and what part one of them has, is what adding up the
// slow way gives, however little memory there is for groups; the part is never told
// smaller than it is.
func TestSubjectsOfAGroup(t *testing.T) {
	env := pipelinetest.Env(t)
	rapid.Check(t, func(r *rapid.T) {
		type row struct{ group, subject, n string }
		var rows []row
		in := "g:text,sujet:text,n:int64\n"
		for range rapid.IntRange(0, 60).Draw(r, "rows") {
			x := row{rapid.SampledFrom([]string{"a", "b", "c", `\N`}).Draw(r, "g"), rapid.SampledFrom([]string{"S1", "S2", "S3", "s3", `""`, `\N`}).Draw(r, "s"),
				rapid.SampledFrom([]string{"0", "1", "-1", "7", "9223372036854775", `\N`}).Draw(r, "n")}
			rows = append(rows, x)
			in += x.group + "," + x.subject + "," + x.n + "\n"
		}
		tb, err := pipelinetest.ParseTable(in)
		if err != nil {
			r.Fatal(err)
		}
		env := env
		env.Memory = rapid.SampledFrom([]int64{64 << 20, 16 << 10}).Draw(r, "memory")
		tr := trial.Build(t, env, tables.Aggregate, "group_by = [\"g\"]\nsubject = \"sujet\"\ncolumns = {\n somme = sum(row.n)\n lignes = count()\n}", nil)
		out, err := trial.Run(t, env, tr, tb, rapid.IntRange(1, 40).Draw(r, "batch"))
		if err != nil {
			r.Fatal(err)
		}
		got := strings.Split(strings.TrimSuffix(out.CSV(), "\n"), "\n")[1:]
		for _, line := range got {
			cells := strings.Split(line, ",")
			sums, counts := map[string]*big.Int{}, map[string]int64{}
			for _, x := range rows {
				if x.group != cells[0] {
					continue
				}
				counts[x.subject]++
				if x.n == `\N` {
					continue
				}
				if sums[x.subject] == nil {
					sums[x.subject] = new(big.Int)
				}
				n, _ := new(big.Int).SetString(x.n, 10)
				sums[x.subject].Add(sums[x.subject], n)
			}
			total, most, known := new(big.Int), new(big.Int), len(sums)
			for s, x := range sums {
				total.Add(total, x)
				if x.CmpAbs(most) > 0 {
					most.Abs(x)
				}
				if s == `\N` {
					known--
				}
			}
			if cells[3] != fmt.Sprint(known) {
				r.Fatalf("%s: %s subjects, want %d", line, cells[3], known)
			}
			part, ok := new(big.Rat).SetString(cells[4])
			switch {
			case most.Sign() == 0:
				if !ok || part.Sign() != 0 {
					r.Fatalf("%s: nobody has anything", line)
				}
			case total.Sign() == 0 || new(big.Int).Mul(total, big.NewInt(9)).CmpAbs(most) < 0:
				if ok && total.Sign() == 0 {
					r.Fatalf("%s: a part of nothing", line)
				}
			default:
				exact := new(big.Rat).SetFrac(most, new(big.Int).Abs(total))
				if !ok || part.Cmp(exact) < 0 || new(big.Rat).Sub(part, exact).Cmp(big.NewRat(1, 1e9)) >= 0 {
					r.Fatalf("%s: the part is %s", line, exact.FloatString(12))
				}
			}
			if known := len(counts) - map[bool]int{true: 1}[counts[`\N`] > 0]; cells[5] != fmt.Sprint(known) {
				r.Fatalf("%s: %s subjects of rows, want %d", line, cells[5], known)
			}
		}
	})
}
