"""Azure OpenAI and whole applications as deployments."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("systems", "0002_freeze_versions"),
    ]

    operations = [
        migrations.AddField(
            model_name="deployment",
            name="api_version",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AlterField(
            model_name="deployment",
            name="model",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AlterField(
            model_name="deployment",
            name="provider",
            field=models.CharField(
                choices=[("openai_compatible", "OpenAI-compatible"), ("azure_openai", "Azure OpenAI")], default="openai_compatible", max_length=30
            ),
        ),
        migrations.AlterField(
            model_name="deployment",
            name="target",
            field=models.CharField(
                choices=[
                    ("model", "Model: the portal sends metaprompt and parameters"),
                    ("application", "Application: the team's own endpoint, with its metaprompt, retrieval and filters inside"),
                ],
                default="model",
                max_length=20,
            ),
        ),
    ]
