# Les familles dont un enfant est gardé : quotient familial, taille, quartier et
# nombre de mois, sous un code qui change à chaque publication.
#
#   lavoir run examples/petite-enfance

variable "sortie" {
  type        = text
  default     = "published"
  description = "Dossier publié."
}

project {
  fingerprint_key = secret.empreintes
}

# Des fichiers de l'exemple ; une vraie clé n'est jamais dans le projet.
secret "empreintes" {
  file = "cles/empreintes.key"
}

secret "pseudonymes" {
  file = "cles/pseudonymes.key"
}

connection "local" "depot" {
  path = "donnees"
}

connection "local" "portail" {
  path = var.sortie
}

privacy "familles" {
  purpose       = "évaluation de l'accueil du jeune enfant"
  controller    = "Communauté de communes du Val-Fleuri"
  data_subjects = ["familles d'enfants gardés"]
  subject       = "id_famille" # k compte des familles

  # Une famille a une ligne : le code ne réunit rien, il donne une clé au tableau.
  identifier "id_famille" {
    action = "pseudonym"
    key    = secret.pseudonymes
    rotate = "per_release"
  }
  identifier "responsable" {
    action = "drop"
  }
  quasi "quotient_familial" {
    bands     = [600, 1200]
    bottom    = 600
    top       = 1200
    min_level = 1
  }
  quasi "personnes" {
    bands  = [3, 4, 5]
    bottom = 3
    top    = 5
  }
  quasi "quartier" {
    hierarchy_file = "hierarchies/quartiers.csv"
  }
  quasi "mois" {
    bands     = [1, 7, 13] # de 1 à 12 : un mois de trop serait refusé
    min_level = 1
  }
  sensitive "aide" {
    diversity {
      l = 2
    }
  }
  model {
    k                 = 5
    suppression_limit = 0.05
  }
}

pipeline "petite_enfance" {
  title = "Accueil du jeune enfant en Val-Fleuri"
  authorization {
    allowed   = true
    reference = "délibération 2025-032"
  }
  source "file" "familles" {
    connection = connection.local.depot
    path       = "familles.csv"
    personal   = ["id_famille", "responsable", "quotient_familial", "personnes", "quartier", "mois", "aide"]
    format "csv" {
      delimiter = ";"
      columns = {
        quotient_familial = int64
        personnes         = int64
        mois              = int64
      }
    }
  }
  privacy {
    use = privacy.familles
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "petite-enfance"
    file "csv" {}
    file "parquet" {}
  }
}
