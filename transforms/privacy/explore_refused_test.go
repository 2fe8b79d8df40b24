package privacy_test

import (
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/internal/draws"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// Whatever is refused: each change that is told, made in the policy, has an exploration
// choose just what was told of it, and one that goes less far has it choose nothing. What
// is told not to help does not.
func TestChangesThatWouldHelpDo(t *testing.T) {
	env := pipelinetest.Env(t)
	env.Secrets = secret(strings.Repeat("k", 32))
	projectFile(t, &env, "services.csv", services)
	projectFile(t, &env, "illness.csv", "1;légère;*\n2;légère;*\n10;grave;*\n")
	told := draws.Of("levels k", "levels suppression_limit", "levels suppression_limit in vain", "levels max_average_risk", "levels l", "levels t", "levels sensitive",
		"persons k", "persons suppression_limit", "mondrian k", "mondrian sensitive")
	property := func(r *rapid.T) {
		drawn := drawPromise(r, &env, t)
		if len(drawn.rows) == 0 || drawn.quasi == nil {
			return
		}
		body := drawn.body
		for _, ask := range []string{"k", "l", "t", "max_average_risk"} { // more than can be had, at times
			if rapid.Bool().Draw(r, "more") {
				body = asked(body, ask, "", map[string]string{"k": "7", "l": "6", "t": "0.05", "max_average_risk": "0.07"}[ask])
			}
		}
		explore := func(body string) *pipelines.Exploration {
			x, err := explored(t, env, body, drawn.csv(drawn.rows), pipelinetest.Cuts()[0])
			if err != nil {
				r.Fatalf("%v\n%s", err, body)
			}
			return x
		}
		if _, err := policy(t, env, body); err != nil {
			return
		}
		x := explore(body)
		if x.Refused == nil {
			if x.Optimum == nil {
				r.Fatalf("nothing is chosen and nothing refused: %+v", x)
			}
			return
		}
		if x.Optimum != nil || x.Optimal || len(x.Alternatives) > 0 || x.Before.Rows != int64(len(drawn.rows)) || len(x.Costs) != len(x.Columns) {
			r.Fatalf("refused, and %+v", x)
		}
		for _, c := range x.Refused.Changes {
			how := x.Search + " " + c.Argument
			if c.Argument == "sensitive" {
				rule := regexp.MustCompile(`(?s)sensitive "` + c.Column + `" \{.*?\n\}\n\}(\n|$)`)
				if one := explore(rule.ReplaceAllString(body, "")); !reflect.DeepEqual(one.Optimum, c.Optimum) {
					r.Fatalf("without %s: %+v, told %+v\n%s", c.Column, one, c, body)
				}
				told.Meet(how)
				continue
			}
			if (c.To == nil) != (c.Optimum == nil) {
				r.Fatalf("%+v", c)
			}
			less := map[string]float64{"suppression_limit": 1, "k": 2, "k_map": 2, "l": 2, "t": 0.99, "max_average_risk": 1}[c.Argument]
			if c.To != nil {
				one := explore(asked(body, c.Argument, c.Column, written(*c.To)))
				if less = *c.To + map[string]float64{"k": 1, "k_map": 1, "l": 1, "t": -0.01, "max_average_risk": -0.0001}[c.Argument]; c.Argument == "suppression_limit" {
					less = (float64(c.Optimum.Suppressed) - 0.5) / float64(len(drawn.rows))
				}
				if !reflect.DeepEqual(one.Optimum, c.Optimum) {
					r.Fatalf("with %+v: %+v (%v)\n%s\n%s", c, one, endOf(one, nil), body, drawn.csv(drawn.rows))
				}
				told.Meet(how)
			} else {
				told.Meet(how + " in vain")
			}
			if x.Search == "persons" { // it is what was come by
				continue
			}
			if one := explore(asked(body, c.Argument, c.Column, written(less))); one.Refused == nil {
				r.Fatalf("told %+v, and %v does: %+v\n%s\n%s", c, less, one.Optimum, body, drawn.csv(drawn.rows))
			}
		}
	}
	draws.Check(t, told, property)
}

// written is a number as a policy has it.
func written(x float64) string { return strconv.FormatFloat(math.Round(x*1e9)/1e9, 'f', -1, 64) }

// asked is a policy with another value of an argument, of a sensitive column where one is
// named, else wherever it stands.
func asked(body, argument, column, to string) string {
	line := regexp.MustCompile(`(?m)^` + argument + ` = .*$`)
	if column == "" {
		return line.ReplaceAllString(body, argument+" = "+to)
	}
	rule := regexp.MustCompile(`(?s)sensitive "` + column + `" \{.*?\n\}\n\}(\n|$)`)
	return rule.ReplaceAllStringFunc(body, func(block string) string { return line.ReplaceAllString(block, argument+" = "+to) })
}
