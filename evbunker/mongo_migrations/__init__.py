"""Migrations of Django's and allauth's own apps for MongoDB, whose primary keys are ObjectIds.

Each app has one, under the name of the last migration that the app itself ships: others depend on that name.
When an upgrade of Django or allauth brings a migration, `makemigrations APP` on MongoDB makes its twin here;
rename it likewise.
"""
