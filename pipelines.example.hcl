# Le tour de lavoir en un fichier. Il tourne tel quel, sur une commune inventée :
#
#   go run ./cmd/lavoir run pipelines.example.hcl
#
# Un projet est un dossier de fichiers comme celui-ci (ou ce seul fichier). On y
# décrit ; on n'y programme pas. Les chemins partent du dossier du fichier.

# --- Le projet : ses bornes et ce qu'il garde -------------------------------

project {
  memory    = "256MiB" # pour les lignes en cours de traitement, toutes tâches ensemble
  disk      = "2GiB"   # fichiers temporaires, par tâche ; chiffrés, effacés après
  retention = "90d"    # quarantaine et preuves
  state     = ".lavoir"

  # Clé des empreintes de ce qui est lu : les noms de fichiers n'apparaissent
  # dans les messages que sous la forme d'une courte empreinte.
  fingerprint_key = secret.empreintes

  # Qui peut signer qu'un seuil soit dépassé, ou qu'une relecture est faite (lavoir
  # accept) : des clés publiques minisign, « RW… ». Personne ici : rien ne passe outre.
  approvers {
    privacy = []
  }
}

# --- Ce qui vient de l'extérieur ---------------------------------------------

# -var sortie=/srv/opendata, LAVOIR_VAR_sortie, ou la valeur par défaut.
variable "sortie" {
  type        = text
  default     = "published"
  description = "Dossier publié."
}

variable "exercices" {
  type    = list(text)
  default = ["2023", "2024"]
}

locals {
  seuil = 23000 # euros : au-delà, une convention est obligatoire
}

# Un secret dit où se trouve une valeur, jamais la valeur, et ne peut entrer dans
# aucun texte. Celui-ci est dans un fichier de l'exemple ; un vrai n'est jamais
# dans le projet : variable d'environnement, fichier chiffré par age, systemd,
# DPAPI, commande ou Vault.
secret "empreintes" {
  file = "testdata/town/empreintes.key"
}

# --- Où sont les données, où elles vont --------------------------------------

connection "local" "depot" {
  path = "testdata/town"
}

# Au plus deux tâches à la fois sur la base de la mairie, toutes communes
# confondues : elle a d'abord des guichets à servir.
limits "mairie" {
  max = 2
}

connection "sqlite" "mairie" {
  path   = "testdata/town/backoffice.db"
  limits = limits.mairie
}

connection "local" "portail" {
  path = var.sortie
}

# --- Pour qui -----------------------------------------------------------------

# Trois communes inventées. Le tableau dit le logiciel de chacune et si elle a
# délibéré ; un pipeline tourne une fois pour chaque ligne retenue.
tenants "communes" {
  file    = "testdata/town/communes.csv"
  key     = "cle"
  columns = { population = int64 }
  when    = tenant.population > 100

  # Où sont les exceptions au tableau : ce fichier-ci, ou un autre qui n'a qu'elles.
  overrides = ["pipelines.example.hcl"]
}

# Une valeur qui diffère du tableau, et pourquoi. Quand le tableau est corrigé,
# l'exception ne vaut plus et lavoir le dit avant de commencer.
#
#   lavoir plan --exceptions pipelines.example.hcl
override "haut-pre" "deliberation" {
  from   = "2024-02-05"
  to     = "2024-03-11"
  reason = "délibération reprise en mars, le tableau a encore la première"
}

# --- Ce que chaque source doit donner ------------------------------------------

# Colonne disparue ou changée de type : refus, et rien n'est publié. Colonne
# nouvelle : signalée, et elle ne sort pas.
contract "conventions" {
  column "numero" { type = text }
  column "exercice" { type = text }
  column "date_convention" { type = date }
  column "nom" { type = text }
  column "siret" { type = text }
  column "type_tiers" { type = text }
  column "objet" { type = text }
  column "montant" { type = decimal(12, 2) }
  on_added = "report"
}

# Un schéma de table que d'autres ont écrit. Le SHA-256 est celui du texte qui a été
# lu : qu'on y ajoute une colonne, et rien ne sort avant que quelqu'un l'ait relu. Ses
# colonnes de texte libre ne sont pas dans schema.absences.columns.
schema "absences" {
  file   = "testdata/town/absences.json"
  sha256 = "b8996770117b0bf2945ebd61e9a6f8c130983b13330ffff588e0991338cc5f50"
}

# --- Ce qui leur arrive en chemin -----------------------------------------------

# Une suite d'étapes a un nom pour servir à plusieurs pipelines ou variantes.
# « row » est la ligne : une expression est vérifiée puis compilée pour des
# colonnes entières.
steps "conventions" {
  transform "normalise" "textes" {
    columns  = ["nom", "objet"]
    collapse = true
  }
  transform "filter" "subventions" {
    where = row.montant > 0 # les reprises ne sont pas des subventions
  }
  transform "derive" "tranche" {
    columns = {
      tranche = row.montant >= local.seuil ? "convention obligatoire" : "sous le seuil"
    }
  }
  transform "sort" "ordre" {
    by = ["date_convention", "numero"]
  }
}

# --- Ce qui peut sortir -----------------------------------------------------------

# Rien ne sort qu'une règle ne laisse sortir. Une condition qui ne sait pas (une
# cellule vide, une valeur nouvelle) masque.
privacy "beneficiaires" {
  identifier "nom" {
    clear_when = contains(["ASSO", "PUBLIC", "SOCIETE"], row.type_tiers)
    otherwise  = "Personne physique"
  }
  identifier "siret" {
    action     = "null"
    clear_when = contains(["ASSO", "PUBLIC", "SOCIETE"], row.type_tiers)
  }
  public = ["numero", "date_convention", "type_tiers", "montant", "tranche"]
}

# Une politique avec un modèle regarde toutes les lignes avant d'en laisser sortir
# une. Ce qui ne nomme personne mais peut, avec autre chose, dire qui est quelqu'un
# (quasi) sort aussi regroupé qu'il le faut, et le moins possible.
privacy "agents" {
  purpose       = "bilan social"
  controller    = "Commune de Val-Fleuri"
  data_subjects = ["agents de la commune"]
  subject       = "matricule" # k compte des agents, combien de lignes qu'ait chacun

  identifier "matricule" {
    action = "drop"
  }
  quasi "age" {
    age_at    = "2024-12-31"
    bands     = [45, 52, 60]
    bottom    = 45
    top       = 60
    min_level = 2 # le niveau 1 est l'âge exact
  }
  quasi "service" {
    hierarchy_file = "testdata/town/services.csv"
  }

  # Trouver le groupe d'un agent n'apprend pas combien il a été absent.
  sensitive "absence" {
    diversity {
      l = 2
    }
  }
  model {
    k                 = 3   # trois agents au moins se ressemblent
    suppression_limit = 0.1 # un agent sur dix, au plus, peut être supprimé
  }
  # Ce que l'examen final demande en plus aux octets du fichier. Une nouvelle
  # version qui, à côté de l'ancienne, dirait qui a changé est retenue.
  gate {
    max_prosecutor_risk = 0.34
    on_small_difference = "hold"
  }
  # Il y a aussi text et expect (texte libre), clear (sommes), microaggregate
  # (moyennes) et opposition : voyez docs/guide/fr/confidentialite.md, ou
  # lavoir describe privacy policy --lang fr
}

# --- Les jeux de données -------------------------------------------------------------

pipeline "subventions" {
  title    = "Subventions de ${each.value.nom}"
  for_each = tenants.communes

  # Chaque exercice est publié comme un tout, et peut l'être à nouveau seul.
  partition "exercice" {
    values = var.exercices
  }

  # Sans autorisation, rien n'est lu et rien ne sort : Les Tilleuls n'ont pas délibéré.
  authorization {
    allowed   = each.value.opendata == "oui"
    reference = each.value.deliberation
  }

  # Deux logiciels, deux façons de lire le même jeu de données. Chaque commune en
  # a exactement une ; zéro ou deux est une erreur, dite avant de commencer.
  variant "egf" {
    when = each.value.logiciel == "egf"
    source "file" "export" {
      connection = connection.local.depot
      path       = "subventions_(?<exercice>\\d{4}).csv"
      contract   = contract.conventions
      personal   = ["nom", "siret", "objet"]
      format "csv" {
        encoding  = "cp1252"
        delimiter = ";"
        decimal   = ","
        thousands = " "
        columns = {
          date_convention = date("DD/MM/YYYY")
          montant         = decimal(12, 2)
        }
      }
    }
    transform "drop" "colonnes_du_logiciel" {
      columns = ["deliberation", "nature", "versement"]
    }
  }

  variant "ciril" {
    when = each.value.logiciel == "ciril"
    source "sqlite" "conventions" {
      connection = connection.sqlite.mairie
      # Les valeurs sont liées par la base, jamais collées dans le texte.
      query    = <<-SQL
        select printf('%05d', c.id) as numero, cast(c.exercice as text) as exercice, c.signee_le as date_convention,
               t.nom, t.siret, t.type_tiers, c.objet, printf('%.2f', c.montant) as montant
        from conventions c join tiers t on t.id = c.tiers_id
        where c.exercice = @exercice
        order by numero
      SQL
      params   = { exercice = tonumber(partition.key) }
      order_by = ["numero"]
      contract = contract.conventions
      personal = ["nom", "siret", "objet"]
      columns = {
        numero          = text
        exercice        = text
        date_convention = date
        nom             = text
        siret           = text
        type_tiers      = text
        objet           = text
        montant         = decimal(12, 2)
      }
    }
  }

  steps = steps.conventions

  privacy {
    use = privacy.beneficiaires
  }

  # D'abord scellé et relu, puis publié d'un seul geste : un lecteur voit toute
  # l'ancienne version ou toute la nouvelle.
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "subventions/${each.key}/${partition.key}"
    file "parquet" {}
    file "csv" {
      profile = "scdl"
    }
  }
}

# Des congés, il ne sort que des nombres par service et par mois : les jours, pas
# les agents, pas les motifs.
pipeline "absences" {
  authorization {
    allowed   = true
    reference = "délibération 2024-031"
  }
  source "sqlite" "conges" {
    connection = connection.sqlite.mairie
    query      = <<-SQL
      select c.id, c.matricule, a.service, c.debut, printf('%.1f', c.jours) as jours, c.motif
      from conges c join agents a on a.matricule = c.matricule
      order by c.id
    SQL
    order_by   = ["id"]
    personal   = ["matricule", "motif"]
    columns = {
      id        = int64
      matricule = text
      service   = text
      debut     = date
      jours     = decimal(5, 1)
      motif     = text
    }
  }
  transform "drop" "sante" {
    columns = ["motif"]
  }
  transform "derive" "mois" {
    columns = { mois = date_trunc("month", row.debut) }
  }
  transform "aggregate" "par_service" {
    group_by = ["service", "mois"]
    columns  = { jours = sum(row.jours) }
  }
  privacy {
    public = schema.absences.columns
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "absences"
    file "csv" {
      profile = "excel-fr"
    }
  }
}

# Les agents eux-mêmes, sans qu'on en retrouve un.
#
#   lavoir privacy page pipelines.example.hcl --pipeline agents --form markdown
pipeline "agents" {
  title = "Agents de Val-Fleuri"
  authorization {
    allowed   = true
    reference = "délibération 2024-032"
  }
  source "sqlite" "agents" {
    connection = connection.sqlite.mairie
    query      = <<-SQL
      select a.matricule, a.date_naissance as age, a.service,
             case when sum(c.jours) > 10 then 'plus de 10 jours' else '10 jours ou moins' end as absence
      from agents a left join conges c on c.matricule = a.matricule
      group by a.matricule
      order by a.matricule
    SQL
    order_by   = ["matricule"]
    personal   = ["matricule", "age", "service", "absence"]
    columns = {
      matricule = text
      age       = date
      service   = text
      absence   = text
    }
  }
  privacy {
    use = privacy.agents
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "agents"
    file "csv" {}
  }
}

# Un pipeline qui a changé de nom garde son histoire.
moved {
  from = pipeline.aides
  to   = pipeline.subventions
}
