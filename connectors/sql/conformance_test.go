package sql

import (
	"path/filepath"
	"testing"

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
		INSERT INTO conventions SELECT i, '`+pipelinetest.CanaryName+`', CASE i WHEN 4500 THEN 0.001 ELSE i + 0.5 END FROM generate_series(1, 9000) AS i;
		UPDATE conventions SET nom = NULL, montant = NULL WHERE id % 7 = 0`)
	pipelinetest.Source(t, func(env pipelines.Env) (pipelines.Source, error) {
		env.Secrets = pg.secrets()
		return pg.sourceIn(t, env, schema, conforming(t)), nil
	})
}
