{{ last_versions(
    'tags',
    key='"tag"',
    columns=['description'],
) }}
