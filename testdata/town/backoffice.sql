-- Le progiciel fictif de la mairie de Val-Fleuri.
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
INSERT INTO services VALUES ('001', 'Voirie', 12000.00);
INSERT INTO services VALUES ('002', 'Écoles', 15571.17);
INSERT INTO services VALUES ('003', 'État civil', NULL);
INSERT INTO services VALUES ('004', 'Espaces verts', 22713.51);
INSERT INTO services VALUES ('005', 'Médiathèque', 26284.68);
INSERT INTO tiers VALUES (1, 'Champdoré-Lys Ysé', NULL, 'PP', 'tiers01@exemple.invalid', '1, impasse du Four-à-Pain', '00990');
INSERT INTO tiers VALUES (2, 'Fanfare "La Clé d''ut"', '00000310300017', 'ASSO', 'tiers02@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (3, 'Les Cœurs de Val-Fleuri', '00000301200010', 'ASSO', 'tiers03@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (4, 'd''Aubeterneuil Gaëtan', NULL, 'PP', NULL, '4, chemin des Écoliers', '00990');
INSERT INTO tiers VALUES (5, 'Ludothèque; jeux et rires', '00000311100010', 'ASSO', 'tiers05@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (6, 'Club de l''Âge d''or', '00000302000013', 'ASSO', 'tiers06@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (7, 'Çavelière Célestin', NULL, 'PP', 'tiers07@exemple.invalid', '7, place de la Fontaine', '00990');
INSERT INTO tiers VALUES (8, 'Cinéma Le Ver luisant SAS', '00000202200028', 'SOCIETE', 'tiers08@exemple.invalid', '8, allée des Tilleuls', '00992');
INSERT INTO tiers VALUES (9, 'Quercyval Inès', NULL, NULL, 'tiers09@exemple.invalid', '9, chemin des Écoliers', '00990');
INSERT INTO tiers VALUES (10, 'Éventoux Noé', NULL, 'PP', NULL, '10, rue du Lavoir', '00990');
INSERT INTO tiers VALUES (11, 'Randonneurs du Haut-Pré', '00000313700015', 'ASSO', 'tiers11@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (12, 'Comité des fêtes', '00000304600018', 'ASSO', 'tiers12@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (13, 'Champdoré-Lys Ysé', NULL, 'PP', 'tiers13@exemple.invalid', '13, allée des Tilleuls', '00990');
INSERT INTO tiers VALUES (14, 'Collège Aimée-Lavande', '00000102400017', 'PUBLIC', NULL, NULL, '00991');
INSERT INTO tiers VALUES (15, 'Chorale « À tout chœur »', '00000305300014', 'ASSO', 'tiers15@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (16, 'd''Aubeterneuil Gaëtan', NULL, 'PP', NULL, '16, impasse du Four-à-Pain', '00990');
INSERT INTO tiers VALUES (17, 'Les Cœurs de Val-Fleuri', '00000301200010', 'ASSO', 'tiers17@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (18, 'Brûlefontaine Aurèle', NULL, NULL, 'tiers18@exemple.invalid', '18, allée des Tilleuls', '00990');
INSERT INTO tiers VALUES (19, 'Çavelière Célestin', NULL, 'PP', 'tiers19@exemple.invalid', '19, chemin des Écoliers', '00990');
INSERT INTO tiers VALUES (20, 'Club de l''Âge d''or', '00000302000013', 'ASSO', 'tiers20@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (21, 'CCAS de Val-Fleuri', '00000100800010', 'PUBLIC', NULL, NULL, '00991');
INSERT INTO tiers VALUES (22, 'Éventoux Noé', NULL, 'PP', NULL, '22, place de la Fontaine', '00990');
INSERT INTO tiers VALUES (23, 'Boule fleurie', '00000303800015', 'ASSO', 'tiers23@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (24, 'Scierie du Haut-Pré SARL', '00000200600021', 'SOCIETE', 'tiers24@exemple.invalid', '24, chemin des Écoliers', '00992');
INSERT INTO tiers VALUES (25, 'Champdoré-Lys Ysé', NULL, 'PP', 'tiers25@exemple.invalid', '25, rue du Lavoir', '00990');
INSERT INTO tiers VALUES (26, 'Comité des fêtes', '00000304600018', 'ASSO', 'tiers26@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (27, 'Lœnvique Apolline', NULL, NULL, 'tiers27@exemple.invalid', '27, place de la Fontaine', '00990');
INSERT INTO tiers VALUES (28, 'd''Aubeterneuil Gaëtan', NULL, 'PP', NULL, '28, allée des Tilleuls', '00990');
INSERT INTO tiers VALUES (29, 'Chorale « À tout chœur »', '00000305300014', 'ASSO', 'tiers29@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (30, 'Fanfare "La Clé d''ut"', '00000310300017', 'ASSO', 'tiers30@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (31, 'Çavelière Célestin', NULL, 'PP', 'tiers31@exemple.invalid', '31, impasse du Four-à-Pain', '00990');
INSERT INTO tiers VALUES (32, 'Cinéma Le Ver luisant SAS', '00000202200028', 'SOCIETE', 'tiers32@exemple.invalid', '32, place de la Fontaine', '00992');
INSERT INTO tiers VALUES (33, 'Ludothèque; jeux et rires', '00000311100010', 'ASSO', 'tiers33@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (34, 'Éventoux Noé', NULL, 'PP', NULL, '34, chemin des Écoliers', '00990');
INSERT INTO tiers VALUES (35, 'Collège Aimée-Lavande', '00000102400017', 'PUBLIC', NULL, NULL, '00991');
INSERT INTO tiers VALUES (36, 'Vermeillac Zoé', NULL, NULL, 'tiers36@exemple.invalid', '36, impasse du Four-à-Pain', '00990');
INSERT INTO tiers VALUES (37, 'Champdoré-Lys Ysé', NULL, 'PP', 'tiers37@exemple.invalid', '37, place de la Fontaine', '00990');
INSERT INTO tiers VALUES (38, 'Les Jardins partagés', '00000308700012', 'ASSO', 'tiers38@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (39, 'Randonneurs du Haut-Pré', '00000313700015', 'ASSO', 'tiers39@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (40, 'd''Aubeterneuil Gaëtan', NULL, 'PP', NULL, '40, rue du Lavoir', '00990');
INSERT INTO tiers VALUES (41, 'Société de pêche', '00000309500015', 'ASSO', 'tiers41@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (42, 'CCAS de Val-Fleuri', '00000100800010', 'PUBLIC', NULL, NULL, '00991');
INSERT INTO tiers VALUES (43, 'Çavelière Célestin', NULL, 'PP', 'tiers43@exemple.invalid', '43, allée des Tilleuls', '00990');
INSERT INTO tiers VALUES (44, 'Fanfare "La Clé d''ut"', '00000310300017', 'ASSO', 'tiers44@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (45, 'Quercyval Inès', NULL, NULL, 'tiers45@exemple.invalid', '45, rue du Lavoir', '00990');
INSERT INTO tiers VALUES (46, 'Éventoux Noé', NULL, 'PP', NULL, '46, impasse du Four-à-Pain', '00990');
INSERT INTO tiers VALUES (47, 'Ludothèque; jeux et rires', '00000311100010', 'ASSO', 'tiers47@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (48, 'Scierie du Haut-Pré SARL', '00000200600021', 'SOCIETE', 'tiers48@exemple.invalid', '48, allée des Tilleuls', '00992');
INSERT INTO tiers VALUES (49, 'Champdoré-Lys Ysé', NULL, 'PP', 'tiers49@exemple.invalid', '49, chemin des Écoliers', '00990');
INSERT INTO tiers VALUES (50, 'Parents d''élèves de l''école Jeanne-Épi', '00000312900012', 'ASSO', 'tiers50@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (51, 'Boule fleurie', '00000303800015', 'ASSO', 'tiers51@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (52, 'd''Aubeterneuil Gaëtan', NULL, 'PP', NULL, '52, place de la Fontaine', '00990');
INSERT INTO tiers VALUES (53, 'Randonneurs du Haut-Pré', '00000313700015', 'ASSO', 'tiers53@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (54, 'Brûlefontaine Aurèle', NULL, NULL, 'tiers54@exemple.invalid', '54, chemin des Écoliers', '00990');
INSERT INTO tiers VALUES (55, 'Çavelière Célestin', NULL, 'PP', 'tiers55@exemple.invalid', '55, rue du Lavoir', '00990');
INSERT INTO tiers VALUES (56, 'Collège Aimée-Lavande', '00000102400017', 'PUBLIC', NULL, NULL, '00991');
INSERT INTO tiers VALUES (57, 'Chorale « À tout chœur »', '00000305300014', 'ASSO', 'tiers57@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (58, 'Éventoux Noé', NULL, 'PP', NULL, '58, allée des Tilleuls', '00990');
INSERT INTO tiers VALUES (59, 'Les Cœurs de Val-Fleuri', '00000301200010', 'ASSO', 'tiers59@exemple.invalid', NULL, '00990');
INSERT INTO tiers VALUES (60, 'Judo-club val-fleurien', '00000306100017', 'ASSO', 'tiers60@exemple.invalid', NULL, '00990');
INSERT INTO conventions VALUES (1, 18, 2023, '2023-08-14', 'Voyage scolaire « découverte de l''océan »', 88.42, 1);
INSERT INTO conventions VALUES (2, 35, 2024, '2024-03-27', 'Prime à l''achat d''un vélo', 198.26, 0);
INSERT INTO conventions VALUES (3, 52, 2022, '2022-10-12', 'Aide à l''installation', 379.52, 1);
INSERT INTO conventions VALUES (4, 9, 2023, '2023-05-25', 'Aide exceptionnelle après dégât des eaux', 632.20, 0);
INSERT INTO conventions VALUES (5, 26, 2024, '2024-12-10', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 956.30, 1);
INSERT INTO conventions VALUES (6, 43, 2022, '2022-07-23', 'Concert d''été, dit "Les Nuits d''août"', 1351.82, 0);
INSERT INTO conventions VALUES (7, 60, 2023, '2023-02-08', 'Achat de matériel (moins de 500 €)', 1818.76, 1);
INSERT INTO conventions VALUES (8, 17, 2024, '2024-09-21', 'Réfection du toit ; 2e tranche', 2357.12, 0);
INSERT INTO conventions VALUES (9, 34, 2022, '2022-04-06', 'Fonctionnement annuel', 2966.90, 1);
INSERT INTO conventions VALUES (10, 51, 2023, '2023-11-19', 'Voyage scolaire « découverte de l''océan »', 3648.10, 0);
INSERT INTO conventions VALUES (11, 8, 2024, '2024-06-04', NULL, 4400.72, 1);
INSERT INTO conventions VALUES (12, 25, 2022, '2022-01-17', 'Aide à l''installation', 5224.76, 0);
INSERT INTO conventions VALUES (13, 42, 2023, '2023-08-02', 'Aide exceptionnelle après dégât des eaux', 6120.22, 1);
INSERT INTO conventions VALUES (14, 59, 2024, '2024-03-15', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 7087.10, 0);
INSERT INTO conventions VALUES (15, 16, 2022, '2022-10-28', 'Concert d''été, dit "Les Nuits d''août"', 8125.40, 1);
INSERT INTO conventions VALUES (16, 33, 2023, '2023-05-13', 'Achat de matériel (moins de 500 €)', 9235.12, 0);
INSERT INTO conventions VALUES (17, 50, 2024, '2024-12-26', 'Réfection du toit ; 2e tranche', 10416.26, 1);
INSERT INTO conventions VALUES (18, 7, 2022, '2022-07-11', 'Fonctionnement annuel', 11668.82, 0);
INSERT INTO conventions VALUES (19, 24, 2023, '2023-02-24', 'Voyage scolaire « découverte de l''océan »', 12992.80, 1);
INSERT INTO conventions VALUES (20, 41, 2024, '2024-09-09', 'Prime à l''achat d''un vélo', 14388.20, 0);
INSERT INTO conventions VALUES (21, 58, 2022, '2022-04-22', 'Aide à l''installation', 15855.02, 1);
INSERT INTO conventions VALUES (22, 15, 2023, '2023-11-07', NULL, 17393.26, 0);
INSERT INTO conventions VALUES (23, 32, 2024, '2024-06-20', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 19002.92, 1);
INSERT INTO conventions VALUES (24, 49, 2022, '2022-01-05', 'Concert d''été, dit "Les Nuits d''août"', 20684.00, 0);
INSERT INTO conventions VALUES (25, 6, 2023, '2023-08-18', 'Achat de matériel (moins de 500 €)', 22436.50, 1);
INSERT INTO conventions VALUES (26, 23, 2024, '2024-03-03', 'Réfection du toit ; 2e tranche', 24260.42, 0);
INSERT INTO conventions VALUES (27, 40, 2022, '2022-10-16', 'Fonctionnement annuel', 26155.76, 1);
INSERT INTO conventions VALUES (28, 57, 2023, '2023-05-01', 'Voyage scolaire « découverte de l''océan »', 28122.52, 0);
INSERT INTO conventions VALUES (29, 14, 2024, '2024-12-14', 'Prime à l''achat d''un vélo', 160.70, 1);
INSERT INTO conventions VALUES (30, 31, 2022, '2022-07-27', 'Aide à l''installation', 2270.30, 0);
INSERT INTO conventions VALUES (31, 48, 2023, '2023-02-12', 'Aide exceptionnelle après dégât des eaux', 4451.32, 1);
INSERT INTO conventions VALUES (32, 5, 2024, '2024-09-25', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 6703.76, 0);
INSERT INTO conventions VALUES (33, 22, 2022, '2022-04-10', NULL, 9027.62, 1);
INSERT INTO conventions VALUES (34, 39, 2023, '2023-11-23', 'Achat de matériel (moins de 500 €)', 11422.90, 0);
INSERT INTO conventions VALUES (35, 56, 2024, '2024-06-08', 'Réfection du toit ; 2e tranche', 13889.60, 1);
INSERT INTO conventions VALUES (36, 13, 2022, '2022-01-21', 'Fonctionnement annuel', 16427.72, 0);
INSERT INTO conventions VALUES (37, 30, 2023, '2023-08-06', 'Voyage scolaire « découverte de l''océan »', 19037.26, 1);
INSERT INTO conventions VALUES (38, 47, 2024, '2024-03-19', 'Prime à l''achat d''un vélo', 21718.22, 0);
INSERT INTO conventions VALUES (39, 4, 2022, '2022-10-04', 'Aide à l''installation', 24470.60, 1);
INSERT INTO conventions VALUES (40, 21, 2023, '2023-05-17', 'Aide exceptionnelle après dégât des eaux', 27294.40, 0);
INSERT INTO conventions VALUES (41, 38, 2024, '2024-12-02', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 189.62, 1);
INSERT INTO conventions VALUES (42, 55, 2022, '2022-07-15', 'Concert d''été, dit "Les Nuits d''août"', 3156.26, 0);
INSERT INTO conventions VALUES (43, 12, 2023, '2023-02-28', 'Achat de matériel (moins de 500 €)', 6194.32, 1);
INSERT INTO conventions VALUES (44, 29, 2024, '2024-09-13', NULL, 9303.80, 0);
INSERT INTO conventions VALUES (45, 46, 2022, '2022-04-26', 'Fonctionnement annuel', 12484.70, 1);
INSERT INTO conventions VALUES (46, 3, 2023, '2023-11-11', 'Voyage scolaire « découverte de l''océan »', 15737.02, 0);
INSERT INTO conventions VALUES (47, 20, 2024, '2024-06-24', 'Prime à l''achat d''un vélo', 19060.76, 1);
INSERT INTO conventions VALUES (48, 37, 2022, '2022-01-09', 'Aide à l''installation', 22455.92, 0);
INSERT INTO conventions VALUES (49, 54, 2023, '2023-08-22', 'Aide exceptionnelle après dégât des eaux', 25922.50, 1);
INSERT INTO conventions VALUES (50, 11, 2024, '2024-03-07', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 29460.50, 0);
INSERT INTO conventions VALUES (51, 28, 2022, '2022-10-20', 'Concert d''été, dit "Les Nuits d''août"', 3069.92, 1);
INSERT INTO conventions VALUES (52, 45, 2023, '2023-05-05', 'Achat de matériel (moins de 500 €)', 6750.76, 0);
INSERT INTO conventions VALUES (53, 2, 2024, '2024-12-18', 'Réfection du toit ; 2e tranche', 10503.02, 1);
INSERT INTO conventions VALUES (54, 19, 2022, '2022-07-03', 'Fonctionnement annuel', 14326.70, 0);
INSERT INTO conventions VALUES (55, 36, 2023, '2023-02-16', NULL, 18221.80, 1);
INSERT INTO conventions VALUES (56, 53, 2024, '2024-09-01', 'Prime à l''achat d''un vélo', 22188.32, 0);
INSERT INTO conventions VALUES (57, 10, 2022, '2022-04-14', 'Aide à l''installation', 26226.26, 1);
INSERT INTO conventions VALUES (58, 27, 2023, '2023-11-27', 'Aide exceptionnelle après dégât des eaux', 335.62, 0);
INSERT INTO conventions VALUES (59, 44, 2024, '2024-06-12', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 4516.40, 1);
INSERT INTO conventions VALUES (60, 1, 2022, '2022-01-25', 'Concert d''été, dit "Les Nuits d''août"', 8768.60, 0);
INSERT INTO conventions VALUES (61, 18, 2023, '2023-08-10', 'Achat de matériel (moins de 500 €)', 13092.22, 1);
INSERT INTO conventions VALUES (62, 35, 2024, '2024-03-23', 'Réfection du toit ; 2e tranche', 17487.26, 0);
INSERT INTO conventions VALUES (63, 52, 2022, '2022-10-08', 'Fonctionnement annuel', 21953.72, 1);
INSERT INTO conventions VALUES (64, 9, 2023, '2023-05-21', 'Voyage scolaire « découverte de l''océan »', 26491.60, 0);
INSERT INTO conventions VALUES (65, 26, 2024, '2024-12-06', 'Prime à l''achat d''un vélo', 1100.90, 1);
INSERT INTO conventions VALUES (66, 43, 2022, '2022-07-19', NULL, 5781.62, 0);
INSERT INTO conventions VALUES (67, 60, 2023, '2023-02-04', 'Aide exceptionnelle après dégât des eaux', 10533.76, 1);
INSERT INTO conventions VALUES (68, 17, 2024, '2024-09-17', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 15357.32, 0);
INSERT INTO conventions VALUES (69, 34, 2022, '2022-04-02', 'Concert d''été, dit "Les Nuits d''août"', 20252.30, 1);
INSERT INTO conventions VALUES (70, 51, 2023, '2023-11-15', 'Achat de matériel (moins de 500 €)', 25218.70, 0);
INSERT INTO conventions VALUES (71, 8, 2024, '2024-06-28', 'Réfection du toit ; 2e tranche', 256.52, 1);
INSERT INTO conventions VALUES (72, 25, 2022, '2022-01-13', 'Fonctionnement annuel', 5365.76, 0);
INSERT INTO conventions VALUES (73, 42, 2023, '2023-08-26', 'Voyage scolaire « découverte de l''océan »', 10546.42, 1);
INSERT INTO conventions VALUES (74, 59, 2024, '2024-03-11', 'Prime à l''achat d''un vélo', 15798.50, 0);
INSERT INTO conventions VALUES (75, 16, 2022, '2022-10-24', 'Aide à l''installation', 21122.00, 1);
INSERT INTO conventions VALUES (76, 33, 2023, '2023-05-09', 'Aide exceptionnelle après dégât des eaux', 26516.92, 0);
INSERT INTO conventions VALUES (77, 50, 2024, '2024-12-22', NULL, 1983.26, 1);
INSERT INTO conventions VALUES (78, 7, 2022, '2022-07-07', 'Concert d''été, dit "Les Nuits d''août"', 7521.02, 0);
INSERT INTO conventions VALUES (79, 24, 2023, '2023-02-20', 'Achat de matériel (moins de 500 €)', 13130.20, 1);
INSERT INTO conventions VALUES (80, 41, 2024, '2024-09-05', 'Réfection du toit ; 2e tranche', 18810.80, 0);
INSERT INTO conventions VALUES (81, 58, 2022, '2022-04-18', 'Fonctionnement annuel', 24562.82, 1);
INSERT INTO conventions VALUES (82, 15, 2023, '2023-11-03', 'Voyage scolaire « découverte de l''océan »', 386.26, 0);
INSERT INTO conventions VALUES (83, 32, 2024, '2024-06-16', 'Prime à l''achat d''un vélo', 6281.12, 1);
INSERT INTO conventions VALUES (84, 49, 2022, '2022-01-01', 'Aide à l''installation', 12247.40, 0);
INSERT INTO conventions VALUES (85, 6, 2023, '2023-08-14', 'Aide exceptionnelle après dégât des eaux', 18285.10, 1);
INSERT INTO conventions VALUES (86, 23, 2024, '2024-03-27', 'Fête de la Saint-Jean :
bal, buvette
et feu d''artifice', 24394.22, 0);
INSERT INTO conventions VALUES (87, 40, 2022, '2022-10-12', 'Concert d''été, dit "Les Nuits d''août"', 574.76, 1);
INSERT INTO conventions VALUES (88, 57, 2023, '2023-05-25', NULL, 6826.72, 0);
INSERT INTO conventions VALUES (89, 14, 2024, '2024-12-10', 'Réfection du toit ; 2e tranche', 13150.10, 1);
INSERT INTO conventions VALUES (90, 31, 2022, '2022-07-23', 'Fonctionnement annuel', 19544.90, 0);
INSERT INTO agents VALUES ('000037', 'Ty-Guenolas', 'Célestin', 'État civil', '1961-10-12');
INSERT INTO agents VALUES ('000074', 'Éventoux', 'Œdipe', 'Médiathèque', '1962-07-23');
INSERT INTO agents VALUES ('000111', 'Lœnvique', 'Inès', 'Écoles', '1963-04-06');
INSERT INTO agents VALUES ('000148', 'Pîneloup', 'Gaëtan', 'Espaces verts', '1964-01-17');
INSERT INTO agents VALUES ('000185', 'Champdoré-Lys', 'Maëlys', 'Voirie', '1965-10-28');
INSERT INTO agents VALUES ('000222', 'Brûlefontaine', 'Aurèle', 'État civil', '1966-07-11');
INSERT INTO agents VALUES ('000259', 'Maisonbleuet', 'Ysé', 'Médiathèque', '1967-04-22');
INSERT INTO agents VALUES ('000296', 'd''Aubeterneuil', 'Théophane', 'Écoles', '1968-01-05');
INSERT INTO agents VALUES ('000333', 'Quercyval', 'Apolline', 'Espaces verts', '1969-10-16');
INSERT INTO agents VALUES ('000370', 'Rouvraintel', 'Noé', 'Voirie', '1970-07-27');
INSERT INTO agents VALUES ('000407', 'Çavelière', 'Cléa', 'État civil', '1971-04-10');
INSERT INTO agents VALUES ('000444', 'Vermeillac', 'Zoé', 'Médiathèque', '1972-01-21');
INSERT INTO agents VALUES ('000481', 'Ty-Guenolas', 'Célestin', 'Écoles', '1973-10-04');
INSERT INTO agents VALUES ('000518', 'Éventoux', 'Œdipe', 'Espaces verts', '1974-07-15');
INSERT INTO agents VALUES ('000555', 'Lœnvique', 'Inès', 'Voirie', '1975-04-26');
INSERT INTO agents VALUES ('000592', 'Pîneloup', 'Gaëtan', 'État civil', '1976-01-09');
INSERT INTO agents VALUES ('000629', 'Champdoré-Lys', 'Maëlys', 'Médiathèque', '1977-10-20');
INSERT INTO agents VALUES ('000666', 'Brûlefontaine', 'Aurèle', 'Écoles', '1978-07-03');
INSERT INTO agents VALUES ('000703', 'Maisonbleuet', 'Ysé', 'Espaces verts', '1979-04-14');
INSERT INTO agents VALUES ('000740', 'd''Aubeterneuil', 'Théophane', 'Voirie', '1980-01-25');
INSERT INTO agents VALUES ('000777', 'Quercyval', 'Apolline', 'État civil', '1981-10-08');
INSERT INTO agents VALUES ('000814', 'Rouvraintel', 'Noé', 'Médiathèque', '1982-07-19');
INSERT INTO agents VALUES ('000851', 'Çavelière', 'Cléa', 'Écoles', '1983-04-02');
INSERT INTO agents VALUES ('000888', 'Vermeillac', 'Zoé', 'Espaces verts', '1984-01-13');
INSERT INTO conges VALUES (1, '000074', '2024-06-08', '2024-06-10', 'maladie', 2.5);
INSERT INTO conges VALUES (2, '000111', '2024-11-15', '2024-11-18', 'garde d''enfant', 3.0);
INSERT INTO conges VALUES (3, '000148', '2024-04-02', '2024-04-06', 'congé annuel', 4.5);
INSERT INTO conges VALUES (4, '000185', '2024-09-09', '2024-09-14', NULL, 5.0);
INSERT INTO conges VALUES (5, '000222', '2024-02-16', '2024-02-17', 'garde d''enfant', 1.5);
INSERT INTO conges VALUES (6, '000259', '2024-07-03', '2024-07-05', 'congé annuel', 2.0);
INSERT INTO conges VALUES (7, '000296', '2024-12-10', '2024-12-13', 'maladie', 3.5);
INSERT INTO conges VALUES (8, '000333', '2024-05-17', '2024-05-21', NULL, 4.0);
INSERT INTO conges VALUES (9, '000370', '2024-10-04', '2024-10-09', 'congé annuel', 5.5);
INSERT INTO conges VALUES (10, '000407', '2024-03-11', '2024-03-12', 'maladie', 1.0);
INSERT INTO conges VALUES (11, '000444', '2024-08-18', '2024-08-20', 'garde d''enfant', 2.5);
INSERT INTO conges VALUES (12, '000481', '2024-01-05', '2024-01-08', NULL, 3.0);
INSERT INTO conges VALUES (13, '000518', '2024-06-12', '2024-06-16', 'maladie', 4.5);
INSERT INTO conges VALUES (14, '000555', '2024-11-19', '2024-11-24', 'garde d''enfant', 5.0);
INSERT INTO conges VALUES (15, '000592', '2024-04-06', '2024-04-07', 'congé annuel', 1.5);
INSERT INTO conges VALUES (16, '000629', '2024-09-13', '2024-09-15', NULL, 2.0);
INSERT INTO conges VALUES (17, '000666', '2024-02-20', '2024-02-23', 'garde d''enfant', 3.5);
INSERT INTO conges VALUES (18, '000703', '2024-07-07', '2024-07-11', 'congé annuel', 4.0);
INSERT INTO conges VALUES (19, '000740', '2024-12-14', '2024-12-19', 'maladie', 5.5);
INSERT INTO conges VALUES (20, '000777', '2024-05-01', '2024-05-02', NULL, 1.0);
INSERT INTO conges VALUES (21, '000814', '2024-10-08', '2024-10-10', 'congé annuel', 2.5);
INSERT INTO conges VALUES (22, '000851', '2024-03-15', '2024-03-18', 'maladie', 3.0);
INSERT INTO conges VALUES (23, '000888', '2024-08-02', '2024-08-06', 'garde d''enfant', 4.5);
INSERT INTO conges VALUES (24, '000037', '2024-01-09', '2024-01-14', NULL, 5.0);
INSERT INTO conges VALUES (25, '000074', '2024-06-16', '2024-06-17', 'maladie', 1.5);
INSERT INTO conges VALUES (26, '000111', '2024-11-03', '2024-11-05', 'garde d''enfant', 2.0);
INSERT INTO conges VALUES (27, '000148', '2024-04-10', '2024-04-13', 'congé annuel', 3.5);
INSERT INTO conges VALUES (28, '000185', '2024-09-17', '2024-09-21', NULL, 4.0);
INSERT INTO conges VALUES (29, '000222', '2024-02-04', '2024-02-09', 'garde d''enfant', 5.5);
INSERT INTO conges VALUES (30, '000259', '2024-07-11', '2024-07-12', 'congé annuel', 1.0);
INSERT INTO conges VALUES (31, '000296', '2024-12-18', '2024-12-20', 'maladie', 2.5);
INSERT INTO conges VALUES (32, '000333', '2024-05-05', '2024-05-08', NULL, 3.0);
INSERT INTO conges VALUES (33, '000370', '2024-10-12', '2024-10-16', 'congé annuel', 4.5);
INSERT INTO conges VALUES (34, '000407', '2024-03-19', '2024-03-24', 'maladie', 5.0);
INSERT INTO conges VALUES (35, '000444', '2024-08-06', '2024-08-07', 'garde d''enfant', 1.5);
INSERT INTO conges VALUES (36, '000481', '2024-01-13', '2024-01-15', NULL, 2.0);
INSERT INTO conges VALUES (37, '000518', '2024-06-20', '2024-06-23', 'maladie', 3.5);
INSERT INTO conges VALUES (38, '000555', '2024-11-07', '2024-11-11', 'garde d''enfant', 4.0);
INSERT INTO conges VALUES (39, '000592', '2024-04-14', '2024-04-19', 'congé annuel', 5.5);
INSERT INTO conges VALUES (40, '000629', '2024-09-01', '2024-09-02', NULL, 1.0);
INSERT INTO conges VALUES (41, '000666', '2024-02-08', '2024-02-10', 'garde d''enfant', 2.5);
INSERT INTO conges VALUES (42, '000703', '2024-07-15', '2024-07-18', 'congé annuel', 3.0);
INSERT INTO conges VALUES (43, '000740', '2024-12-02', '2024-12-06', 'maladie', 4.5);
INSERT INTO conges VALUES (44, '000777', '2024-05-09', '2024-05-14', NULL, 5.0);
INSERT INTO conges VALUES (45, '000814', '2024-10-16', '2024-10-17', 'congé annuel', 1.5);
INSERT INTO conges VALUES (46, '000851', '2024-03-03', '2024-03-05', 'maladie', 2.0);
INSERT INTO conges VALUES (47, '000888', '2024-08-10', '2024-08-13', 'garde d''enfant', 3.5);
INSERT INTO conges VALUES (48, '000037', '2024-01-17', '2024-01-21', NULL, 4.0);
INSERT INTO conges VALUES (49, '000074', '2024-06-04', '2024-06-09', 'maladie', 5.5);
INSERT INTO conges VALUES (50, '000111', '2024-11-11', '2024-11-12', 'garde d''enfant', 1.0);
INSERT INTO conges VALUES (51, '000148', '2024-04-18', '2024-04-20', 'congé annuel', 2.5);
INSERT INTO conges VALUES (52, '000185', '2024-09-05', '2024-09-08', NULL, 3.0);
INSERT INTO conges VALUES (53, '000222', '2024-02-12', '2024-02-16', 'garde d''enfant', 4.5);
INSERT INTO conges VALUES (54, '000259', '2024-07-19', '2024-07-24', 'congé annuel', 5.0);
INSERT INTO conges VALUES (55, '000296', '2024-12-06', '2024-12-07', 'maladie', 1.5);
INSERT INTO conges VALUES (56, '000333', '2024-05-13', '2024-05-15', NULL, 2.0);
INSERT INTO conges VALUES (57, '000370', '2024-10-20', '2024-10-23', 'congé annuel', 3.5);
INSERT INTO conges VALUES (58, '000407', '2024-03-07', '2024-03-11', 'maladie', 4.0);
INSERT INTO conges VALUES (59, '000444', '2024-08-14', '2024-08-19', 'garde d''enfant', 5.5);
INSERT INTO conges VALUES (60, '000481', '2024-01-01', '2024-01-02', NULL, 1.0);
INSERT INTO conges VALUES (61, '000518', '2024-06-08', '2024-06-10', 'maladie', 2.5);
INSERT INTO conges VALUES (62, '000555', '2024-11-15', '2024-11-18', 'garde d''enfant', 3.0);
INSERT INTO conges VALUES (63, '000592', '2024-04-02', '2024-04-06', 'congé annuel', 4.5);
INSERT INTO conges VALUES (64, '000629', '2024-09-09', '2024-09-14', NULL, 5.0);
INSERT INTO conges VALUES (65, '000666', '2024-02-16', '2024-02-17', 'garde d''enfant', 1.5);
INSERT INTO conges VALUES (66, '000703', '2024-07-03', '2024-07-05', 'congé annuel', 2.0);
INSERT INTO conges VALUES (67, '000740', '2024-12-10', '2024-12-13', 'maladie', 3.5);
INSERT INTO conges VALUES (68, '000777', '2024-05-17', '2024-05-21', NULL, 4.0);
INSERT INTO conges VALUES (69, '000814', '2024-10-04', '2024-10-09', 'congé annuel', 5.5);
INSERT INTO conges VALUES (70, '000851', '2024-03-11', '2024-03-12', 'maladie', 1.0);
INSERT INTO conges VALUES (71, '000888', '2024-08-18', '2024-08-20', 'garde d''enfant', 2.5);
INSERT INTO conges VALUES (72, '000037', '2024-01-05', '2024-01-08', NULL, 3.0);
INSERT INTO conges VALUES (73, '000074', '2024-06-12', '2024-06-16', 'maladie', 4.5);
INSERT INTO conges VALUES (74, '000111', '2024-11-19', '2024-11-24', 'garde d''enfant', 5.0);
INSERT INTO conges VALUES (75, '000148', '2024-04-06', '2024-04-07', 'congé annuel', 1.5);
INSERT INTO conges VALUES (76, '000185', '2024-09-13', '2024-09-15', NULL, 2.0);
INSERT INTO conges VALUES (77, '000222', '2024-02-20', '2024-02-23', 'garde d''enfant', 3.5);
INSERT INTO conges VALUES (78, '000259', '2024-07-07', '2024-07-11', 'congé annuel', 4.0);
INSERT INTO conges VALUES (79, '000296', '2024-12-14', '2024-12-19', 'maladie', 5.5);
INSERT INTO conges VALUES (80, '000333', '2024-05-01', '2024-05-02', NULL, 1.0);
