package format

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

const (
	totemLines = `record = ["/DocumentBudgetaire/Budget/LigneBudget"]
fields = {
  siret    = "/DocumentBudgetaire/EnTeteDocBudgetaire/IdColl/@V"
  exercice = "../BlocBudget/Exer/@V"
  nature   = "Nature/@V"
  fonction = "Fonction/@V"
  sens     = "CodRD/@V"
  montant  = "MtPrev/@V"
}
`
	totemSeveral = `record      = ["/DocumentBudgetaire/Budget/LigneBudget", "/DocumentBudgetaire/Budget/Annexes/DATA_CONCOURS/CONCOURS"]
record_type = "type"
fields = {
  nature       = "Nature/@V"
  beneficiaire = "LibOrgaBenef/@V"
  montant      = "MtPrev/@V"
}
`
	accounts = `record = ["//Compte"]
fields = {
  code    = "@Code"
  libelle = "@Libelle"
  norme   = "/Nomenclature/@Norme"
}
`
	pesLines = `namespaces = { aller = "http://www.minefi.gouv.fr/cp/helios/pes_v2/Rev0/aller" }
record     = ["/aller:PES_Aller/PES_DepenseAller/Bordereau/Piece/LigneDePiece"]
fields = {
  exercice  = "../../BlocBordereau/Exer/@V"
  bordereau = "../../BlocBordereau/IdBord/@V"
  piece     = "../BlocPiece/InfoPce/IdPce/@V"
  ligne     = "BlocLignePiece/InfoLignePce/IdLigne/@V"
  tiers     = "Tiers/InfoTiers/Nom/@V"
  montant   = "BlocLignePiece/InfoLignePce/MtHT/@V"
}
`
	actesActe = `namespaces = { actes = "http://www.interieur.gouv.fr/ACTES#v1.1-20040216" }
record     = ["/actes:Acte"]
fields = {
  date    = "@actes:Date"
  numero  = "@NumeroInterne"
  matiere = "CodeMatiere1/@CodeMatiere"
  objet   = "Objet"
  fichier = "Document/NomFichier"
}
`
	actesReceipt = `record = ["/ARActe/ActeRecu"]
fields = {
  reception = "../@DateReception"
  numero    = "@NumeroInterne"
  objet     = "Objet"
}
`
	actesSubjects = `record = ["/RetourClassification/Matieres/Matiere1/Matiere2"]
fields = {
  matiere1 = "../@CodeMatiere"
  matiere2 = "@CodeMatiere"
  libelle  = "@Libelle"
}
`
	decpXML = `record = ["/marches/marche", "/marches/contrat-concession"]
fields = {
  id              = "id"
  acheteur        = "acheteur/id"
  montant         = "montant"
  considerations  = "considerationsSociales/considerationSociale"
}
join = { considerations = "+" }
`
	decpConcessions = `record = ["/marches/contrat-concession"]
fields = {
  id              = "id"
  acheteur        = "autoriteConcedante/id"
  montant         = "valeurGlobale"
  considerations  = "considerationsSociales/considerationSociale"
}
join = { considerations = "+" }
`
	decp2022 = `record = "marches.marche"
fields = {
  id        = "id"
  titulaire = "titulaires[].titulaire.id"
  montant   = "montant"
}
`
	decp2019 = `record = "marches"
fields = {
  id        = "id"
  titulaire = "titulaires[].id"
  montant   = "montant"
}
`
	decpConcessionsJSON = `record = "marches.contrat-concession"
fields = {
  id        = "id"
  titulaire = "concessionnaires[].concessionnaire.id"
  montant   = "valeurGlobale"
}
`
)

// Rows and a digest of all cells of real files, as Python's xml.etree and json
// read them with find, findall and iter: each cell is followed by U+001F, each row
// by U+001E, in UTF-8; numbers as they are written.
var realTrees = []struct {
	path, format, config string
	rows                 int
	digest               string
}{
	{"totem/BP2022_TRANSPORT/totem.xml", "xml", totemLines, 123, "f6c61ad0ba6a690f"},
	{"totem/DOCBUDG-21560046100085-056025-BP-2022-07042022000000/totem.xml", "xml", totemLines, 21, "0313046b4e978150"},
	{"totem/budget-crach-001/totem.xml", "xml", totemLines, 201, "7fffe81ee60957ac"},
	{"totem/budget-crach-001/totem.xml", "xml", totemSeveral, 232, "831199e7baab0506"},
	{"totem/invalid/totem_mauvais_siret.xml", "xml", totemLines, 21, "0313046b4e978150"},
	{"totem/invalid/totem_mauvaise_annee.xml", "xml", totemLines, 21, "73af13e1b976e344"},
	{"totem/invalid/totem_mauvaise_etape.xml", "xml", totemLines, 21, "0313046b4e978150"},
	{"totem/invalid/totem_mauvaise_nomenclature.xml", "xml", totemLines, 21, "0313046b4e978150"},
	{"totem/plans-de-comptes/2021/M14/M14_COM_500_3500/planDeCompte.xml", "xml", accounts, 1750, "952f43e8fc3d7e41"},
	{"totem/plans-de-comptes/2022/M14/M14_COM_500_3500/planDeCompte.xml", "xml", accounts, 1750, "ef981e6454addcad"},
	{"totem/plans-de-comptes/2022/M4/M43_A/planDeCompte.xml", "xml", accounts, 732, "9e817240901a1b0a"},
	{"totem/plans-de-comptes/2022/M4/M43_D/planDeCompte.xml", "xml", accounts, 1172, "8a3a60de2fd287c4"},
	{"totem/plans-de-comptes/2022/M57/M57/planDeCompte.xml", "xml", accounts, 3558, "b68f8c15da8181a2"},
	{"pes/HELIOS_SIMU_ALR2_1496987735_826268894.xml", "xml", pesLines, 1, "d5d8316bdf3abd8a"},
	{"pes/HELIOS_SIMU_ALR2_LibelleColBud_avec_accent.xml", "xml", pesLines, 1, "d5d8316bdf3abd8a"},
	{"pes/PES_ex.xml", "xml", pesLines, 1, "328d46ecaeadd833"},
	{"pes/pes.xml", "xml", pesLines, 1, "f2f8580796f7f64b"},
	{"actes/034-491011698-20171207-CL20171227_06-DE-1-1_0.xml", "xml", actesActe, 1, "73062a70312a1e5c"},
	{"actes/034-491011698-20171207-CL20171227_06-DE-1-2.xml", "xml", actesReceipt, 1, "51bee4114f96bf12"},
	{"actes/aractes.xml", "xml", actesReceipt, 1, "51bee4114f96bf12"},
	{"actes/classification.xml", "xml", actesSubjects, 57, "056134f66d73781d"},
	{"decp/exemples-2022/Marche.xml", "xml", decpXML, 2, "7c0ecd9e6d65636a"},
	{"decp/exemples-2022/Contrat-concession.xml", "xml", decpConcessions, 2, "5ce5f64b7a1e54c3"},
	{"decp/exemples-2022/Contrat-concession-modification.xml", "xml", decpConcessions, 2, "5ce5f64b7a1e54c3"},
	{"decp/decp_test_2019.json", "json", decp2019, 3, "0e1e0c7b708fa99a"},
	{"decp/exemples-2022/concessions.json", "json", decpConcessionsJSON, 4, "8c7c8ec0943d0029"},
	{"decp/exemples-2022/concessions_avec_modifications.json", "json", decpConcessionsJSON, 4, "8c7c8ec0943d0029"},
	{"decp/exemples-2022/marches_avec_modifications.json", "json", decp2022, 2, "b90d218beb3ad15f"},
	{"decp/exemples-2022/marches_concessions.json", "json", decpConcessionsJSON, 4, "8c7c8ec0943d0029"},
	{"decp/exemples-2022/marches_concessions.json", "json", decp2022, 2, "b90d218beb3ad15f"},
}

func treeDigest(t *testing.T, res treeResult) string {
	t.Helper()
	h := sha256.New()
	for _, row := range res.Rows {
		_, cells, _ := strings.Cut(row, ": ")
		for cell := range strings.SplitSeq(cells, "|") {
			if cell != `\N` {
				h.Write([]byte(cell))
			}
			h.Write([]byte{0x1f})
		}
		h.Write([]byte{0x1e})
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func TestTreeRealFiles(t *testing.T) {
	for _, c := range realTrees {
		t.Run(filepath.Base(filepath.Dir(c.path))+"/"+filepath.Base(c.path), func(t *testing.T) {
			data := realFile(t, c.path)
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			for _, size := range []int{0, 100} {
				res := readTree(t, treeFrom(t, mem, c.format, c.config, size), data)
				if got := treeDigest(t, res); len(res.Rows) != c.rows || got != c.digest || res.Err != "" || len(res.Rejects) > 0 {
					t.Errorf("chunks of %d bytes: %d rows, %s, %v, %v; want %d, %s", size, len(res.Rows), got, res.Why, res.Rejects, c.rows, c.digest)
				}
			}
		})
	}
}

// One of the five contracts has a NaN, and is rejected; the figures are of the others.
func TestTreeRealNaN(t *testing.T) {
	res := readTree(t, treeFrom(t, memory.NewGoAllocator(), "json", decp2022, 0), realFile(t, "decp/decp_test_2022.json"))
	if got := treeDigest(t, res); len(res.Rows) != 7 || got != "9485136a12789333" || res.Err != "" || len(res.Rejects) != 1 || res.Rejects[0] != "227 LAV-4249" {
		t.Errorf("%d rows, %s, %v, %v", len(res.Rows), got, res.Why, res.Rejects)
	}
}

// A document of another kind, and one without what could hold records, are refused.
func TestTreeRealFilesOfAnotherKind(t *testing.T) {
	for _, c := range []struct {
		path, format, config string
		want                 *messages.Message
	}{
		{"totem/invalid/mauvais_totem.xml", "xml", totemLines, messages.XMLNoRecord},
		{"pes/ACQUIT_PESALR2_49101169800000_171227_2045.xml", "xml", pesLines, messages.XMLNoRecord},
		{"decp/exemples-2022/concessions.json", "json", decp2022, messages.JSONNoRecords},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			res := readTree(t, treeFrom(t, memory.NewGoAllocator(), c.format, c.config, 0), realFile(t, c.path))
			if res.Err != c.want.Code || len(res.Rows) > 0 {
				t.Errorf("%s, %v, %d rows", res.Err, res.Why, len(res.Rows))
			}
		})
	}
}

// The amounts of three budgets, summed to the cent by Python's decimal module.
func TestTreeRealAmounts(t *testing.T) {
	for path, want := range map[string]int64{
		"totem/BP2022_TRANSPORT/totem.xml":                                     2920854000,
		"totem/DOCBUDG-21560046100085-056025-BP-2022-07042022000000/totem.xml": 624780120,
		"totem/budget-crach-001/totem.xml":                                     1389311180,
	} {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			codec := treeFrom(t, memory.NewGoAllocator(), "xml", totemLines+"columns = { montant = decimal(14, 2), exercice = int32 }", 0)
			var sum decimal128.Num
			eachTreeBatch(t, codec, csvInput(realFile(t, path)), func(b pipelines.Batch) {
				i, err := pipelines.ColumnIndex(b.Schema(), "montant")
				if err != nil || len(b.Rejects) > 0 {
					t.Fatal(err, b.Rejects)
				}
				col := b.Column(i).(*array.Decimal128)
				for r := range col.Len() {
					sum = sum.Add(col.Value(r))
				}
			})
			if sum != decimal128.FromI64(want) {
				t.Errorf("sum %v, want %d", sum.BigInt(), want)
			}
		})
	}
}

// Real files cut at each tenth are errors, never a silent end; with bytes turned
// over they are errors, rejects or other values, never a panic.
func TestTreeRealFilesDamaged(t *testing.T) {
	for _, c := range realTrees {
		t.Run(filepath.Base(filepath.Dir(c.path))+"/"+filepath.Base(c.path), func(t *testing.T) {
			testDamage(t, c.format, c.config, realFile(t, c.path))
		})
	}
}

func TestTreesDamaged(t *testing.T) {
	testDamage(t, "xml", totemLines, strings.Replace(townTOTEM(300), "UTF-8", "ISO-8859-1", 1))
	testDamage(t, "json", decp2022, townDECP(50))
}

func testDamage(t *testing.T, format, config, data string) {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	data = strings.TrimSpace(data)
	whole := readTree(t, treeFrom(t, mem, format, config, 1000), data)
	for tenth := range 10 {
		cut := readTree(t, treeFrom(t, mem, format, config, 1000), data[:len(data)*tenth/10])
		if cut.Err == "" || len(cut.Rows) > len(whole.Rows) {
			t.Errorf("cut at %d tenths: %q, %d rows", tenth, cut.Err, len(cut.Rows))
		}
	}
	places := min(100, 300_000/len(data)+1)
	for at := 0; at < len(data); at += max(1, len(data)/places) {
		for _, bit := range []byte{0x01, 0x04, 0x40, 0x80} {
			damaged := []byte(data)
			damaged[at] ^= bit
			res := readTree(t, treeFrom(t, mem, format, config, 1000), string(damaged))
			if n := len(res.Rows) + len(res.Rejects); res.Err == "" && n == 0 {
				t.Errorf("byte %d ^ %#x: nothing is read, and nothing said", at, bit)
			}
		}
	}
}
