# Un premier jeu de données : l'export des associations d'une mairie devient un
# fichier Parquet et un fichier CSV publiés dans le dossier « published ».
#
#   lavoir validate    vérifie ce fichier
#   lavoir preview     montre les premières lignes, masquées
#   lavoir run         publie
#   lavoir test        rejoue les tests du dossier « tests »

connection "local" "depot" {
  path = "donnees"
}

connection "local" "portail" {
  path = "published"
}

pipeline "associations" {
  # Sans autorisation, rien ne sort.
  authorization {
    allowed   = true
    reference = "délibération à citer ici"
  }

  source "file" "export" {
    connection = connection.local.depot
    path       = "associations.csv"
    format "csv" {
      delimiter = ";"
      decimal   = ","
      # Toutes les colonnes de l'export : « lavoir validate » vérifie alors tout
      # sans lire le fichier. Une colonne non déclarée est du texte.
      columns = {
        nom           = text
        rna           = text
        date_creation = date("DD/MM/YYYY")
        president     = text
        active        = text
        subvention    = decimal(10, 2)
      }
    }
    # Le nom d'une association n'est pas celui d'une personne.
    not_personal = { nom = "nom d'association" }
  }

  transform "filter" "actives" {
    where = row.active == "oui"
  }

  # Seules les colonnes nommées ici sortent : le nom du président reste.
  privacy {
    public = ["nom", "rna", "date_creation", "subvention"]
  }

  load "local" "portail" {
    connection = connection.local.portail
    prefix     = "associations"
    file "parquet" {}
    file "csv" {
      profile = "scdl"
    }
  }
}
