package sql

import (
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// conforming reads more rows than a batch holds, one of which is rejected: its
// amount is no decimal(12, 2).
func conforming(t testing.TB) sourceConfig {
	return sourceConfig{
		Query:   "SELECT id, nom, montant FROM conventions ORDER BY id",
		OrderBy: []string{"id"}, Personal: []string{"nom"},
		Columns: columnTypes(t, "id int64", "nom text", "montant decimal(12, 2)"),
	}
}

func TestSQLiteConforms(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kanari_vermeille.db")
	sqliteFrom(t, path, `CREATE TABLE conventions (id INTEGER PRIMARY KEY, nom TEXT, montant);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
		INSERT INTO conventions SELECT i, '`+pipelinetest.CanaryName+`', CASE i WHEN 4500 THEN 'x' ELSE i || '.50' END FROM n;
		UPDATE conventions SET nom = NULL, montant = NULL WHERE id % 7 = 0`)
	pipelinetest.Source(t, func(env pipelines.Env) (pipelines.Source, error) {
		return sqliteSource(t, env, path, conforming(t)), nil
	})
}

func TestPostgresConforms(t *testing.T) {
	pg := testPostgres(t)
	schema := pg.schema(t, `CREATE TABLE conventions (id bigint PRIMARY KEY, nom text, montant numeric);
		INSERT INTO conventions SELECT i, CASE WHEN i % 7 > 0 THEN '`+pipelinetest.CanaryName+`' END, CASE WHEN i = 4500 THEN 0.001 WHEN i % 7 > 0 THEN i + 0.5 END FROM generate_series(1, 9000) AS i;
		ANALYZE conventions`)
	query := conforming(t)
	param, table, ordered := query, query, query
	param.Query = "SELECT id, nom, montant FROM conventions WHERE id >= @first ORDER BY id"
	param.Params = cty.ObjectVal(map[string]cty.Value{"first": cty.NumberIntVal(1)})
	table.Query, table.OrderBy, table.Table, table.Connections = "", nil, "conventions", 3
	ordered.Query, ordered.Table = "", "conventions"
	for name, config := range map[string]sourceConfig{"copy": query, "query": param, "table": table, "ordered table": ordered} {
		t.Run(name, func(t *testing.T) {
			pipelinetest.Source(t, func(env pipelines.Env) (pipelines.Source, error) {
				env.Secrets = pg.secrets()
				src := pg.sourceIn(t, env, schema, config)
				if table := src.(chunkedSource).statement.table; table != nil {
					table.pages = 8 // several ranges
				}
				return src, nil
			})
		})
	}
}
