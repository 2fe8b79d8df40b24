package towngen

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// Files are the files of the town by name, all but the database, which is made
// of backoffice.sql.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{
		"communes.csv":   []byte(communes()),
		"backoffice.sql": []byte(backoffice()),
	}
	var err error
	if files["subventions_2023.csv"], err = export(subventions(2023, 84), " "); err != nil {
		return nil, err
	}
	if files["subventions_2024.csv"], err = export(subventions(2024, 112), "\u00a0"); err != nil {
		return nil, err
	}
	files["malformed/subventions_2022.csv"], err = charmap.Windows1252.NewEncoder().Bytes([]byte(malformed))
	return files, err
}

// communes are the tenants: one that publishes, one by another vendor's
// software, one whose council has not decided.
func communes() string {
	var b strings.Builder
	b.WriteString("cle;nom;insee;siren;population;logiciel;opendata;deliberation\n")
	for i, c := range []string{
		"val-fleuri;Val-Fleuri;99001;%s;3412;egf;oui;2023-06-12",
		"haut-pre;Haut-Pré-sur-l'Œuvre;99002;%s;871;ciril;oui;2024-02-05",
		"les-tilleuls;Les Tilleuls;99003;%s;129;egf;non;",
	} {
		fmt.Fprintf(&b, c+"\n", siren(1+i))
	}
	return b.String()
}

// malformed has one mistake a row, after one good row.
const malformed = "numero;exercice;date_convention;deliberation;nom;siret;type_tiers;objet;montant;nature;versement\r\n" +
	"00001;2022;03/01/2022;2022-01-01;Comité des fêtes;;ASSO;Bal;1 200,00;aide en numéraire;unique\r\n" +
	"00002;2022;31/02/2022;2022-01-02;Comité des fêtes;;ASSO;31 février;100,00;aide en numéraire;unique\r\n" +
	"00003;2022;04/01/2022;2022-01-03;Comité des fêtes;;ASSO;lettre O pour zéro;1OO,00;aide en numéraire;unique\r\n" +
	"00004;2022;05/01/2022;2022-01-04;Comité des fêtes;;ASSO;trop de décimales;10,005;aide en numéraire;unique\r\n" +
	"00005;2022;06/01/2022;2022-01-05;Comité des fêtes;;ASSO;cellule en trop;10,00;aide en numéraire;unique;de trop\r\n" +
	"00006;2022;07/01/2022;2022-01-06;Comité des fêtes;;ASSO;cellules manquantes\r\n" +
	"00007;2022;2022-01-08;2022-01-07;Comité des fêtes;;ASSO;date dans un autre ordre;10,00;aide en numéraire;unique\r\n" +
	"00008;2022;09/01/2022;2022-01-08;Comité des fêtes;;ASSO;milliers mal placés;1 00,00;aide en numéraire;unique\r\n"
