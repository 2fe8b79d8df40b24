# Les agents d'une collectivité : leur âge, leur grade, leur direction et leur tranche
# de salaire, sans qu'on y retrouve personne.
#
#   lavoir run examples/agents

variable "sortie" {
  type        = text
  default     = "published"
  description = "Dossier publié."
}

project {
  fingerprint_key = secret.empreintes
}

# Un fichier de l'exemple ; une vraie clé n'est jamais dans le projet.
secret "empreintes" {
  file = "cles/empreintes.key"
}

connection "local" "depot" {
  path = "donnees"
}

connection "local" "portail" {
  path = var.sortie
}

privacy "agents" {
  purpose       = "transparence sur l'emploi public local"
  controller    = "Communauté de communes du Val-Fleuri"
  data_subjects = ["agents de la collectivité"]
  subject       = "matricule" # k compte des agents

  identifier "matricule" {
    action = "drop"
  }
  identifier "nom" {
    action = "drop"
  }
  identifier "prenom" {
    action = "drop"
  }
  quasi "age" {
    age_at    = "2024-12-31"
    bands     = [20, 30, 40, 50, 60]
    bottom    = 20
    top       = 60
    min_level = 2 # le niveau 1 est l'âge exact
  }
  quasi "grade" {
    hierarchy_file = "hierarchies/grades.csv"
  }
  quasi "direction" {
    hierarchy_file = "hierarchies/directions.csv"
  }
  # Dans chaque groupe, au moins trois tranches : savoir de quel groupe est un agent
  # n'apprend pas ce qu'il gagne.
  sensitive "tranche_salaire" {
    diversity {
      l = 3
    }
  }
  model {
    k                 = 5
    suppression_limit = 0.05
  }
}

pipeline "agents" {
  title = "Agents de la Communauté de communes du Val-Fleuri"
  authorization {
    allowed   = true
    reference = "délibération 2025-031"
  }
  source "file" "rh" {
    connection = connection.local.depot
    path       = "agents.csv"
    personal   = ["matricule", "nom", "prenom", "date_naissance", "grade", "direction", "tranche_salaire"]
    format "csv" {
      delimiter = ";"
      columns = {
        date_naissance = date
      }
    }
  }
  transform "rename" "age" {
    columns = { date_naissance = "age" }
  }
  privacy {
    use = privacy.agents
  }
  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "agents"
    file "csv" {}
    file "parquet" {}
  }
}
