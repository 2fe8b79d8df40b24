package towngen

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // the driver of the back office
)

const backofficeSchema = `-- Le progiciel fictif de la mairie de Val-Fleuri.
CREATE TABLE tiers (
  id          INTEGER PRIMARY KEY,
  nom         TEXT NOT NULL,
  siret       TEXT,
  type_tiers  TEXT,
  courriel    TEXT,
  adresse     TEXT,
  code_postal TEXT
);
CREATE TABLE conventions (
  id          INTEGER PRIMARY KEY,
  tiers_id    INTEGER NOT NULL REFERENCES tiers (id),
  exercice    INTEGER NOT NULL,
  signee_le   TEXT NOT NULL, -- AAAA-MM-JJ
  objet       TEXT,
  montant     NUMERIC NOT NULL,
  soldee      INTEGER NOT NULL -- 0 ou 1
);
CREATE TABLE agents (
  matricule      TEXT PRIMARY KEY, -- garde ses zéros
  nom            TEXT NOT NULL,
  prenom         TEXT NOT NULL,
  service        TEXT NOT NULL,
  date_naissance TEXT NOT NULL
);
CREATE TABLE conges (
  id        INTEGER PRIMARY KEY,
  matricule TEXT NOT NULL REFERENCES agents (matricule),
  debut     TEXT NOT NULL,
  fin       TEXT NOT NULL,
  motif     TEXT, -- ne doit jamais sortir
  jours     REAL NOT NULL
);
CREATE TABLE services (
  code    TEXT PRIMARY KEY,
  libelle TEXT NOT NULL,
  budget  NUMERIC
);
`

// backoffice is the database as text.
func backoffice() string {
	var b strings.Builder
	b.WriteString(backofficeSchema)
	for i, s := range services {
		budget := fmt.Sprintf("%d.%02d", 12_000+i*3_571, i*17)
		if i == 2 {
			budget = "NULL"
		}
		insert(&b, "services", quote(fmt.Sprintf("%03d", i+1)), quote(s), budget)
	}
	const people, grants, staff, leaves = 60, 90, 24, 80
	for i := 1; i <= people; i++ {
		insert(&b, "tiers", append([]string{fmt.Sprint(i)}, tiers(i)...)...)
	}
	for i := 1; i <= grants; i++ {
		year := 2022 + i%3
		insert(&b, "conventions", fmt.Sprint(i), fmt.Sprint(1+(i*17)%people), fmt.Sprint(year), quote(day(year, i)),
			orNull(i%11 == 0, quote(pick(purposes, i, 4))), cents(5_000+(i*i*3571+i*271)%3_000_000), fmt.Sprint(i%2))
	}
	for i := 1; i <= staff; i++ {
		insert(&b, "agents", quote(fmt.Sprintf("%06d", i*37)), quote(pick(lastNames, i, 5)), quote(pick(firstNames, i, 5)),
			quote(pick(services, i, 2)), quote(day(1960+i, i*3)))
	}
	for i := 1; i <= leaves; i++ {
		start := 1 + (i*7)%20
		length := 1 + i%5
		month := 1 + (i*5)%12
		insert(&b, "conges", fmt.Sprint(i), quote(fmt.Sprintf("%06d", (1+i%staff)*37)), quote(fmt.Sprintf("2024-%02d-%02d", month, start)),
			quote(fmt.Sprintf("2024-%02d-%02d", month, start+length)), orNull(i%4 == 0, quote([]string{"congé annuel", "maladie", "garde d'enfant"}[i%3])),
			fmt.Sprintf("%d.%d", length, 5*(i%2)))
	}
	return b.String()
}

// tiers are the cells of a third party after its id.
func tiers(i int) []string {
	email, address := quote(fmt.Sprintf("tiers%02d@exemple.invalid", i)), quote(fmt.Sprintf("%d, %s", i, pick(streets, i, 3)))
	switch {
	case i%9 == 0: // nobody said what it is
		return []string{quote(person(i)), "NULL", "NULL", email, address, quote("00990")}
	case i%3 == 1:
		return []string{quote(person(i + 4)), "NULL", quote("PP"), orNull(i%2 == 0, email), address, quote("00990")}
	case i%7 == 0:
		return []string{quote(pick(publics, i, 1)), quote(siret(100+i%len(publics), 1)), quote("PUBLIC"), "NULL", "NULL", quote("00991")}
	case i%8 == 0:
		return []string{quote(pick(companies, i, 1)), quote(siret(200+i%len(companies), 2)), quote("SOCIETE"), email, address, quote("00992")}
	}
	return []string{quote(pick(clubs, i, 5)), quote(siret(300+(i*5)%len(clubs), 1)), quote("ASSO"), email, "NULL", quote("00990")}
}

func insert(b *strings.Builder, table string, cells ...string) {
	fmt.Fprintf(b, "INSERT INTO %s VALUES (%s);\n", table, strings.Join(cells, ", "))
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func orNull(null bool, s string) string {
	if null {
		return "NULL"
	}
	return s
}

func day(year, i int) string { return fmt.Sprintf("%d-%02d-%02d", year, 1+(i*7)%12, 1+(i*13)%28) }

func cents(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// database runs text into a new database file.
func database(ctx context.Context, file, text string) error {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range []string{"PRAGMA journal_mode = OFF", "PRAGMA page_size = 4096", "BEGIN;\n" + text + "COMMIT;", "VACUUM"} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("build back office: %w", err)
		}
	}
	return nil
}
