{{ last_versions(
    'tags',
    key='lower(tag)',
    columns=['tag', 'description'],
) }}
